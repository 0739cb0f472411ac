// @ts-check
// The one number of the unpacked VirtualBox that is not as Debian has it: how long a thread idles that answers VBoxSVC in
// one of its clients. A thread that begins while VBoxManage ends misses that it is to end too (RTReqPoolRelease in
// VirtualBox's reqpool.cpp), and VBoxManage waits until it has idled: 10 s, one call in a hundred on a busy machine.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('./host.mjs').Host} Host */

/** What RTReqPoolCreate is called with: `mov esi, 10000` (milliseconds), `mov edi, 1024` (threads). */
const debians = Buffer.from('be10270000bf00040000', 'hex')
/** 1000: less than that VirtualBox does not take. */
const shortened = Buffer.from('bee8030000bf00040000', 'hex')

/**
 * Does nothing where it is done already or there is nothing unpacked; says so where it cannot.
 * @param {Pick<Host, 'say'>} host
 * @param {string} usr where VirtualBox is unpacked
 */
export function shortenIdling(host, usr) {
  const file = join(usr, 'lib', 'virtualbox', 'components', 'VBoxXPCOMIPCC.so')
  if (!existsSync(file)) return
  const bytes = readFileSync(file)
  if (bytes.includes(shortened)) return
  const at = bytes.indexOf(debians)
  if (at === -1 || bytes.includes(debians, at + 1)) {
    host.say('  this VirtualBox does not say where expected how long it idles: a call may take 10 s now and then')
    return
  }
  shortened.copy(bytes, at)
  // A VBoxManage that runs keeps the file that it has.
  writeFileSync(`${file}.part`, bytes, { mode: 0o644 })
  renameSync(`${file}.part`, file)
}
