// @ts-check
// What doubles do to a machine that runs, through its monitor.
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { controlSocket, driveId, memoryFile, serialId } from './description.mjs'
import { linuxPath } from './linux.mjs'
import { Qmp } from './qmp.mjs'

/** @typedef {import('./description.mjs').SerialEnd} SerialEnd */

/**
 * Speaks to the machine of a run folder; rejects where none runs there.
 * @template T
 * @param {string} folder
 * @param {(qmp: Qmp) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withMonitor(folder, work) {
  const qmp = await Qmp.connect(join(folder, controlSocket))
  try {
    return await work(qmp)
  } finally {
    qmp.close()
  }
}

/** The power button. @param {Qmp} qmp */
export const pressPower = (qmp) => qmp.execute('system_powerdown')
/** @param {Qmp} qmp */
export const pause = (qmp) => qmp.execute('stop')
/** @param {Qmp} qmp */
export const resume = (qmp) => qmp.execute('cont')

/** The reset button; a paused machine runs afterwards. @param {Qmp} qmp */
export async function reset(qmp) {
  await qmp.execute('system_reset')
  await qmp.execute('cont')
}

/** Whether the guest's processors run. @param {Qmp} qmp @returns {Promise<boolean>} */
export async function isRunning(qmp) {
  return (await qmp.execute('query-status')).running
}

/**
 * The power cord. QEMU 7.2 takes no more writes to disks before it halts the processors: one that writes a firmware
 * variable then waits for ever, and QEMU for it (seen; mended in its commit ca2a5e630dc1). Halted processors write nothing.
 * @param {Qmp} qmp
 */
export async function quit(qmp) {
  await pause(qmp).catch(() => undefined)
  await qmp.execute('quit').catch(() => undefined)
  await qmp.ended
}

/** Writes a PNG. @param {Qmp} qmp @param {string} file */
export const screenshot = (qmp, file) => qmp.execute('screendump', { filename: linuxPath(file), format: 'png' })

/**
 * Puts an ISO into a drive that had one from the start or not; undefined ejects.
 * @param {Qmp} qmp
 * @param {import('./description.mjs').OpticalDrive} drive
 * @param {string | undefined} medium
 */
export async function changeMedium(qmp, drive, medium) {
  const id = driveId(drive)
  if (medium === undefined) await qmp.execute('eject', { id, force: true })
  else
    await qmp.execute('blockdev-change-medium', {
      id,
      filename: linuxPath(medium),
      format: 'raw',
      'read-only-mode': 'read-only',
      force: true,
    })
}

/**
 * What is behind a serial port from now on.
 * @param {Qmp} qmp
 * @param {number} index
 * @param {SerialEnd} end
 */
export async function changeSerial(qmp, index, end) {
  const backend =
    end.kind === 'socket'
      ? {
          type: 'socket',
          data: { addr: { type: 'unix', data: { path: end.path } }, server: true, wait: false },
        }
      : end.kind === 'file'
        ? { type: 'file', data: { out: end.path } }
        : { type: 'null', data: {} }
  await qmp.execute('chardev-change', { id: serialId(index), backend })
}

/** Plugs the cable of a network card in or out. @param {Qmp} qmp @param {number} index @param {boolean} isUp */
export const setLink = (qmp, index, isUp) => qmp.execute('set_link', { name: `nic${index}`, up: isUp })

/**
 * Writes the machine's memory and all its devices' state into its run folder; the machine stands still meanwhile and
 * afterwards, and its disks are written out.
 * @param {Qmp} qmp
 * @param {string} folder the run folder
 * @param {string} file where it is wanted, on the same file system
 */
export async function saveMemory(qmp, folder, file) {
  await qmp.execute('stop')
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 33 })
  // QEMU works in the run folder: a name of ours needs no quoting.
  await qmp.execute('migrate', { uri: `exec:cat > ${memoryFile}.part` })
  for (;;) {
    const migration = await qmp.execute('query-migrate')
    if (migration.status === 'completed') break
    if (migration.status === 'failed') throw new Error(`QEMU did not write the memory: ${migration['error-desc']}`)
    await delay(10)
  }
  await rename(join(folder, `${memoryFile}.part`), file)
}
