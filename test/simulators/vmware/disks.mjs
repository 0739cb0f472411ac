// @ts-check
// A machine's disks, opened by qemu-storage-daemon and shown to QEMU as raw NBD disks: with a VMDK open QEMU writes no memory.
import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isInWine } from '../qemu/linux.mjs'

/** @typedef {import('../qemu/description.mjs').Disk} Disk */

const socket = 'disks.sock'

/** @param {string} file */
const quoted = (file) => file.replaceAll(',', ',,')

/**
 * @param {readonly Disk[]} disks
 * @param {string} folder the run folder
 * @returns {Promise<{ disks: Disk[], end: () => Promise<void> }>}
 */
export async function serveDisks(disks, folder) {
  // In Wine QEMU opens them itself: nothing can be seen there of a server's socket, and memory is not held.
  if (disks.length === 0 || isInWine) return { disks: [...disks], end: async () => undefined }
  rmSync(join(folder, socket), { force: true })
  const exports = disks.flatMap(({ source, port }) => {
    const name = `nvme${port}`
    const file = 'file' in source ? source.file : ''
    return [
      ...['--blockdev', `driver=vmdk,node-name=${name},file.driver=file,file.filename=${quoted(file)}`],
      ...['--export', `type=nbd,id=${name},node-name=${name},name=${name},writable=on`],
    ]
  })
  const args = [
    '--pdeathsig',
    'KILL',
    'qemu-storage-daemon',
    '--nbd-server',
    `addr.type=unix,addr.path=${socket},max-connections=0`,
  ]
  const daemon = spawn('setpriv', [...args, ...exports], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let isGone = false
  daemon.stderr.on('data', (bytes) => void (said += bytes))
  const gone = new Promise((resolve) => daemon.once('close', resolve)).then(() => void (isGone = true))
  while (!existsSync(join(folder, socket))) {
    if (isGone) throw new Error(`qemu-storage-daemon: ${said.trim()}`)
    await delay(10)
  }
  return {
    disks: disks.map((disk) => ({ ...disk, source: { nbdSocket: socket, exportName: `nvme${disk.port}` } })),
    end: async () => {
      daemon.kill('SIGTERM')
      await gone
    },
  }
}
