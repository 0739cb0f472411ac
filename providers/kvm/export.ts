/** A disk as a file: libvirt converts the volume, with all that it lies on, into another one of the pool, which is read. */
import { open } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { ExportFormat, ExportRequest } from '../../src/provider/export.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { currentDisks, ownMachine } from './layers.ts'
import { exportVolume } from './names.ts'
import { afterFailure, signalOf, type Session } from './session.ts'
import { deleteVolume } from './storage.ts'
import { volumeXml } from './storage-xml.ts'

/** In libvirt's words. */
const volumeFormats = { qcow2: 'qcow2', raw: 'raw', vhd: 'vpc', vmdk: 'vmdk', vdi: 'vdi' } as const

export async function exportDisk(
  session: Session,
  ref: MachineRef,
  { file, format, runId }: ExportRequest,
  call: Call,
): Promise<void> {
  const type = volumeFormats[requireFormat(format)]
  const machine = await ownMachine(session, ref, call)
  const [disk] = currentDisks(machine)
  if (disk === undefined) throw new AzlVmError('not-supported', `the machine "${ref.name}" has no disk`)
  const { pool, mark } = machine
  const name = exportVolume(mark.name, mark.runId, runId)
  try {
    await session.run(`convert ${disk} to ${type}`, call, async () => {
      const source = await pool.lookupVolume(disk, signalOf(call))
      const { capacityBytes } = await source.info(signalOf(call))
      const made = await pool.cloneVolume(volumeXml(name, capacityBytes, type), source, signalOf(call))
      const { allocationBytes } = await made.info(signalOf(call))
      await writeSparse(file, made.download({ ...signalOf(call), sparse: true }), (doneBytes) => {
        call.progress(Math.min(doneBytes, allocationBytes), allocationBytes)
      })
    })
  } finally {
    // Where libvirt still writes it, gc comes back to it.
    await deleteVolume(session, pool, name, afterFailure(call)).catch((error: unknown) => {
      call.debug(`cannot delete ${name}`, error)
    })
  }
}

function requireFormat(format: ExportFormat): keyof typeof volumeFormats {
  if (format in volumeFormats) return format as keyof typeof volumeFormats
  throw new AzlVmError('not-supported', `libvirt converts no volume to ${format}`)
}

async function writeSparse(
  file: string,
  pieces: AsyncIterable<Uint8Array | { readonly holeBytes: number }>,
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  const out = await open(file, 'wx')
  try {
    let [at, done] = [0, 0]
    for await (const piece of pieces) {
      if ('holeBytes' in piece) {
        at += piece.holeBytes
        continue
      }
      await out.write(piece, 0, piece.length, at)
      at += piece.length
      done += piece.length
      onProgress(done)
    }
    await out.truncate(at)
    await out.sync()
  } finally {
    await out.close()
  }
}
