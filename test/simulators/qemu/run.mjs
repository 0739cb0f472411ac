// @ts-check
// Runs a described machine: QEMU and its TPM, which end with the process that started them.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { qemuArguments, qemuProgram, tpmCommand } from './arguments.mjs'
import { memoryFile, runnerSocket, tpmReadyFile } from './description.mjs'
import { startProgram } from './linux.mjs'
import { Qmp } from './qmp.mjs'

/**
 * @typedef {import('./description.mjs').QemuMachine} QemuMachine
 *
 * @typedef {object} RunningMachine
 * @property {Qmp} qmp the runner's monitor
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
  const tpm = machine.tpm === undefined ? undefined : await startTpm(machine.tpm, folder)
  const qemu = startProgram(qemuProgram(machine), qemuArguments(machine), folder)
  const qmp = await Qmp.connectToStarted(join(folder, runnerSocket), () => qemu.isGone, onEvent)
  if (qmp === undefined) {
    tpm?.kill()
    throw new Error(`QEMU: ${qemu.errors.trim()}`)
  }
  if (machine.hasMemoryFile === true) {
    while ((await qmp.execute('query-status')).status === 'inmigrate') await delay(10)
    rmSync(join(folder, memoryFile))
  }
  const ended = qemu.ended.then(() => {
    tpm?.kill()
    return tpm?.ended
  })
  return { qmp, ended, kill: qemu.kill }
}

/**
 * @param {NonNullable<QemuMachine['tpm']>} tpm
 * @param {string} folder
 */
async function startTpm(tpm, folder) {
  mkdirSync(tpm.stateFolder, { recursive: true })
  const ready = join(folder, tpmReadyFile)
  rmSync(ready, { force: true })
  const [program, ...args] = tpmCommand(tpm)
  const started = startProgram(program, args, folder)
  while (!existsSync(ready)) {
    if (started.isGone) throw new Error(`swtpm: ${started.errors.trim()}`)
    await delay(10)
  }
  return started
}
