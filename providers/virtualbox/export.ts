/** A disk as a file: VirtualBox writes it whole, with all that it lies on, into the machine's folder; then it is moved out. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { ExportFormat, ExportRequest } from '../../src/provider/export.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { moveFile } from '../../src/store/move-file.ts'
import { disksOf, powerState } from './info.ts'
import { requireOwnMachine } from './machines.ts'
import { exportFile } from './names.ts'
import type { Session } from './session.ts'

/** Milliseconds: a disk of a terabyte on a slow one. */
const longMs = 24 * 3_600_000

const kinds: Readonly<Partial<Record<ExportFormat, readonly string[]>>> = {
  vdi: ['--format', 'VDI'],
  vhd: ['--format', 'VHD'],
  'vhd-fixed': ['--format', 'VHD', '--variant', 'Fixed'],
  vmdk: ['--format', 'VMDK'],
  raw: ['--format', 'RAW'],
}

export const exportFormats = Object.keys(kinds) as readonly ExportFormat[]

export async function exportDisk(
  session: Session,
  ref: MachineRef,
  { file, format, runId }: ExportRequest,
  call: Call,
): Promise<void> {
  const words = kinds[format]
  if (!words) throw new AzlVmError('not-supported', `VirtualBox writes no ${format}`)
  const machine = await requireOwnMachine(session, ref, call)
  if (powerState(machine.state) !== 'off')
    throw new AzlVmError('resource-busy', `the machine "${ref.name}" is on: its disk is being written`, {
      hint: `\`azl-vm stop ${ref.name}\` switches it off.`,
    })
  const [disk] = disksOf(machine)
  if (!disk) throw new AzlVmError('not-supported', `the machine "${ref.name}" has no disk`)
  const target = path.join(machine.folder, exportFile(runId, format === 'vhd-fixed' ? 'vhd' : format))
  try {
    const args = ['clonemedium', 'disk', disk.uuid, target, ...words]
    await session.manage(args, { action: `convert ${disk.file}`, timeoutMs: longMs }, call)
    // VirtualBox would go on to know it by this name.
    await session.manage(['closemedium', 'disk', target], { action: `let go of ${target}` }, call)
    await moveFile(target, file)
  } finally {
    await rm(target, { force: true })
  }
}
