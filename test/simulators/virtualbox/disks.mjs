// @ts-check
// Disks of a machine that runs: QEMU boots a copy (it reads no VDI that lies on another one, and holds no memory beside a
// VDI), which is written back when the machine is off, or held.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { disksIn, readInfo } from './describe.mjs'
import { must } from './real.mjs'
import { runFolder } from './places.mjs'

/** @typedef {import('./describe.mjs').VirtualDisk} VirtualDisk */

/** @param {string} id @param {VirtualDisk} disk */
export const workFile = (id, { port }) => join(runFolder(id), `disk${port}.qcow2`)

/** @param {string} id @param {VirtualDisk} disk */
export async function copyDisk(id, disk) {
  await withWhole(id, disk, async (file) => void qemuImg('convert', '-O', 'qcow2', file, workFile(id, disk)))
}

/** Whatever the guest wrote, into the disks that the machine has by now. @param {string} id */
export async function writeBack(id) {
  for (const disk of disksIn(await readInfo(id))) {
    const isChanged = await withWhole(id, disk, async (file) => !isSame(workFile(id, disk), file))
    if (!isChanged) continue
    const whole = join(runFolder(id), `write${disk.port}.vdi`)
    qemuImg('convert', '-f', 'qcow2', '-O', 'vdi', workFile(id, disk), whole)
    await must('clonemedium', 'disk', whole, disk.file, '--existing')
    await must('closemedium', 'disk', whole, '--delete')
  }
}

/**
 * The disk as one file that lies on no other.
 * @template T
 * @param {string} id
 * @param {VirtualDisk} disk
 * @param {(file: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withWhole(id, disk, work) {
  const about = await must('showmediuminfo', 'disk', disk.uuid)
  if (/^Parent UUID: +base$/m.test(about)) return await work(disk.file)
  const whole = join(runFolder(id), `read${disk.port}.vdi`)
  await must('clonemedium', 'disk', disk.uuid, whole, '--format', 'VDI')
  await must('closemedium', 'disk', whole)
  try {
    return await work(whole)
  } finally {
    rmSync(whole, { force: true })
  }
}

/** @param {string} one @param {string} other */
function isSame(one, other) {
  try {
    qemuImg('compare', '--force-share', '-f', 'qcow2', '-F', 'vdi', one, other)
    return true
  } catch {
    return false
  }
}

/** @param {readonly string[]} args */
function qemuImg(...args) {
  execFileSync('qemu-img', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}
