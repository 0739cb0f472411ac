// @ts-check
// Runs a described machine: QEMU and its TPM, which end with the process that started them.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { qemuArguments, qemuProgram } from './arguments.mjs'
import { memoryFile, runnerSocket, tpmSocket } from './description.mjs'
import { Qmp } from './qmp.mjs'

/**
 * @typedef {import('./description.mjs').QemuMachine} QemuMachine
 *
 * @typedef {object} RunningMachine
 * @property {Qmp} qmp the runner's monitor
 * @property {number} pid QEMU's
 * @property {Promise<void>} ended the machine is off, QEMU and its TPM are gone
 * @property {() => void} kill
 */

/**
 * Starts the machine in its run folder, paused; it goes on from its memory file where the description says so, which
 * is gone afterwards. Rejects with QEMU's own words where it does not come up.
 * @param {QemuMachine} machine
 * @param {string} folder short enough for a socket in it: 80 bytes
 * @param {(name: string, data: any) => void} [onEvent]
 * @returns {Promise<RunningMachine>}
 */
export async function runMachine(machine, folder, onEvent) {
  const tpm = machine.tpm === undefined ? undefined : await startTpm(machine.tpm.stateFolder, folder)
  const qemu = start(qemuProgram(machine), qemuArguments(machine), folder)
  const qmp = await Qmp.connectToStarted(join(folder, runnerSocket), () => qemu.isGone, onEvent)
  if (qmp === undefined) {
    tpm?.child.kill('SIGKILL')
    throw new Error(`QEMU: ${qemu.errors.trim()}`)
  }
  if (machine.hasMemoryFile === true) {
    while ((await qmp.execute('query-status')).status === 'inmigrate') await delay(10)
    rmSync(join(folder, memoryFile))
  }
  const ended = qemu.ended.then(() => {
    tpm?.child.kill('SIGKILL')
    return tpm?.ended
  })
  return { qmp, pid: /** @type {number} */ (qemu.child.pid), ended, kill: () => void qemu.child.kill('SIGKILL') }
}

/**
 * A program that dies with this process, however that ends.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function start(program, args, cwd) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const started = { child, isGone: false, errors: '', ended: Promise.resolve() }
  child.stderr.on('data', (bytes) => void (started.errors += bytes))
  started.ended = new Promise((resolve) => {
    child.once('error', (error) => {
      started.errors += error.message
      started.isGone = true
      resolve()
    })
    child.once('close', () => {
      started.isGone = true
      resolve()
    })
  })
  return started
}

/**
 * @param {string} stateFolder
 * @param {string} folder
 */
async function startTpm(stateFolder, folder) {
  mkdirSync(stateFolder, { recursive: true })
  rmSync(join(folder, tpmSocket), { force: true })
  const tpm = start(
    'swtpm',
    ['socket', '--tpm2', '--tpmstate', `dir=${stateFolder}`, '--ctrl', `type=unixio,path=${tpmSocket}`],
    folder,
  )
  while (!existsSync(join(folder, tpmSocket))) {
    if (tpm.isGone) throw new Error(`swtpm: ${tpm.errors.trim()}`)
    await delay(10)
  }
  return tpm
}
