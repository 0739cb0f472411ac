/** The installer's drive. A medium is read where it lies; the user's file stays as it is. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { installerOf } from './info.ts'
import { drives, mediumIn, withMedium } from './machine-vmx.ts'
import { isOffState, stateOf } from './machine-state.ts'
import { changeNote, requireMachine, writeVmx, type FoundMachine } from './machines.ts'
import type { Session } from './session.ts'

export async function attachMedium(session: Session, ref: MachineRef, path: string, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  if (installerOf(machine) === path) return
  if (isOffState((await stateOf(session, machine, call)).state)) {
    await putInto(session, machine, path)
    return
  }
  // vmrun only plugs in what the drive was configured with.
  if (mediumIn(machine.vmx, drives.installer) !== path)
    throw new AzlVmError('resource-busy', `VMware changes no medium of "${ref.name}" while it runs`, {
      hint: `Stop it first: \`azl-vm stop ${ref.name}\`.`,
    })
  await session.vmrun(['connectNamedDevice', machine.file, drives.installer], { action: `insert ${path}` }, call)
  await changeNote(session, machine, { installer: path })
}

/** VMware writes the .vmx of a machine that runs when it likes: what is to be later is noted beside it. */
export async function ejectMedium(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  if (installerOf(machine) === undefined) return
  if (isOffState((await stateOf(session, machine, call)).state)) {
    await putInto(session, machine, undefined)
    return
  }
  const run = { action: `eject the medium of ${ref.name}` }
  await session.vmrun(['disconnectNamedDevice', machine.file, drives.installer], run, call)
  await changeNote(session, machine, { installer: null })
}

/** Into the .vmx of a machine that is off; undefined empties the drive. */
async function putInto(session: Session, machine: FoundMachine, path: string | undefined): Promise<void> {
  await writeVmx(machine, withMedium(machine.vmx, drives.installer, path))
  if (machine.note.installer !== undefined) await changeNote(session, machine, { installer: undefined })
}

/** Before a start: what was noted while the machine ran last. */
export async function settleMedium(session: Session, machine: FoundMachine): Promise<void> {
  const { installer } = machine.note
  if (installer !== undefined) await putInto(session, machine, installer ?? undefined)
}
