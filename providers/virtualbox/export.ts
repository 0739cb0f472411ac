/**
 * A disk, or the machine, as a file: VirtualBox writes it whole, with all that disks lie on, into the machine's folder; then
 * it is moved out.
 */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { ExportFormat, ExportRequest } from '../../src/provider/export.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { isThere } from '../../src/store/is-there.ts'
import { moveFile } from '../../src/store/move-file.ts'
import { takeOutOwnership } from './appliance.ts'
import { variablesOf } from './firmware-variables.ts'
import { disksOf, powerState } from './info.ts'
import { requireOwnMachine, type OwnMachine } from './machines.ts'
import { exportFile } from './names.ts'
import type { Session } from './session.ts'

/** Milliseconds: a disk of a terabyte on a slow one. */
const longMs = 24 * 3_600_000

const diskKinds: Readonly<Partial<Record<ExportFormat, readonly string[]>>> = {
  vdi: ['--format', 'VDI'],
  vhd: ['--format', 'VHD'],
  'vhd-fixed': ['--format', 'VHD', '--variant', 'Fixed'],
  vmdk: ['--format', 'VMDK'],
  raw: ['--format', 'RAW'],
}

export const exportFormats = [...Object.keys(diskKinds), 'ova'] as readonly ExportFormat[]

export async function exportDisk(
  session: Session,
  ref: MachineRef,
  { file, format, runId }: ExportRequest,
  call: Call,
): Promise<void> {
  if (!exportFormats.includes(format)) throw new AzlVmError('not-supported', `VirtualBox writes no ${format}`)
  const machine = await requireOwnMachine(session, ref, call)
  if (powerState(machine.state) !== 'off')
    throw new AzlVmError('resource-busy', `the machine "${ref.name}" is on: its disk is being written`, {
      hint: `\`azl-vm stop ${ref.name}\` switches it off.`,
    })
  const target = path.join(machine.folder, exportFile(runId, format === 'vhd-fixed' ? 'vhd' : format))
  try {
    const words = diskKinds[format]
    await (words ? writeDisk(session, machine, target, words, call) : writeAppliance(session, machine, target, call))
    await moveFile(target, file)
  } finally {
    // Where VirtualBox still writes it, gc comes back to it.
    await rm(target, { force: true }).catch((error: unknown) => {
      call.debug(`cannot delete ${target}`, error)
    })
  }
}

async function writeDisk(
  session: Session,
  machine: OwnMachine,
  target: string,
  words: readonly string[],
  call: Call,
): Promise<void> {
  const [disk] = disksOf(machine)
  if (!disk) throw new AzlVmError('not-supported', `the machine "${machine.ref.name}" has no disk`)
  const args = ['clonemedium', 'disk', disk.uuid, target, ...words]
  await session.manage(args, { action: `convert ${disk.file}`, timeoutMs: longMs }, call)
  // VirtualBox would go on to know it by this name.
  await session.manage(['closemedium', 'disk', target], { action: `let go of ${target}` }, call)
}

/** OVF 1.0, which VMware reads too. Without `--manifest`: its checksums would not be of what is changed afterwards. */
async function writeAppliance(session: Session, machine: OwnMachine, target: string, call: Call): Promise<void> {
  const { ref } = machine
  const args = ['export', ref.id, '--output', target, '--ovf10']
  await session.manage(args, { action: `export ${ref.name}`, timeoutMs: longMs }, call)
  const { hasVariables } = await takeOutOwnership(target)
  if (hasVariables || !(await isThere(variablesOf(machine)))) return
  call.warn(
    'no-firmware-variables',
    'this VirtualBox exports no firmware variables: Secure Boot is off in what is made from the file, and boot entries are missing',
    'VirtualBox 7.2 exports them.',
  )
}
