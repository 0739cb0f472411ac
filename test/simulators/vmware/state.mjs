// @ts-check
// What the stand-in knows beside the .vmx files: which machines run, and what tests ask of it. In the folder AZL_VMWARE_SIM.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { env } from 'node:process'
import { isInWine } from '../qemu/linux.mjs'

export const stateFolder = env['AZL_VMWARE_SIM'] ?? ''

/** @typedef {{ readonly vmx: string, readonly pid: number, readonly folder: string }} RunningNote */

const runningFolder = join(stateFolder, 'running')

/** @param {string} vmx */
const noteFile = (vmx) =>
  join(runningFolder, `${createHash('sha256').update(resolve(vmx)).digest('hex').slice(0, 16)}.json`)

/** @param {RunningNote} note */
export function noteRunning(note) {
  mkdirSync(runningFolder, { recursive: true })
  writeFileSync(noteFile(note.vmx), JSON.stringify(note))
}

/** Where vmrun asks the machine's process for a snapshot. @param {string} folder its run folder */
export const snapshotSocket = (folder) =>
  isInWine ? `\\\\.\\pipe\\${basename(folder)}` : join(folder, 'snapshot.sock')

/** @param {string} vmx */
export const forgetRunning = (vmx) => rmSync(noteFile(vmx), { force: true })

/** @param {string} vmx @returns {RunningNote | undefined} */
export function runningNote(vmx) {
  const file = noteFile(vmx)
  if (!existsSync(file)) return undefined
  const note = JSON.parse(readFileSync(file, 'utf8'))
  return isAlive(note.pid) ? note : undefined
}

/** @returns {readonly string[]} */
export function runningMachines() {
  if (!existsSync(runningFolder)) return []
  return readdirSync(runningFolder)
    .map((name) => JSON.parse(readFileSync(join(runningFolder, name), 'utf8')))
    .filter(({ pid }) => isAlive(pid))
    .map(({ vmx }) => vmx)
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What a test turns; see README.md. @returns {Record<string, any>} */
export function knobs() {
  const file = join(stateFolder, 'knobs.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** Every call, for tests that count them. @param {readonly string[]} argv */
export function noteCall(argv) {
  appendFileSync(join(stateFolder, 'calls.jsonl'), `${JSON.stringify(argv)}\n`)
}

/** The folder that VMware locks a file with. @param {string} file */
export const lockFolder = (file) => `${file}.lck`

/** @param {string} file @returns {boolean} whether somebody else's living process holds it */
export function isLocked(file) {
  const folder = lockFolder(file)
  if (!existsSync(folder)) return false
  return readdirSync(folder).some((name) => {
    const pid = Number(/(\d+)-\d+\(/.exec(readFileSync(join(folder, name), 'latin1'))?.[1])
    return pid !== process.pid && isAlive(pid)
  })
}

/** As open-vm-tools' lib/file/fileLockPrimitive.c: a member with machine, process, its start and its name. @param {string} file */
export function lock(file) {
  const folder = lockFolder(file)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const name = `M${String(process.pid % 100_000).padStart(5, '0')}.lck`
  writeFileSync(
    join(folder, name),
    `azl-vm-stand-in ${process.pid}-${Date.now()}(vmware-vmx) 1 X ${basename(dirname(file))}\n`,
  )
}

/** @param {string} file */
export const unlock = (file) => rmSync(lockFolder(file), { recursive: true, force: true })
