/** The installer's drive: VirtualBox reads the user's file where it lies, and only reads it. */
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, Medium } from '../../src/provider/machine.ts'
import { imageIn } from './info.ts'
import { requireMachine } from './machines.ts'
import { insertMedium } from './manage-calls.ts'
import { opticalPorts } from './names.ts'
import type { Session } from './session.ts'

/** Returns where VirtualBox reads it. */
export async function attachMedium(session: Session, ref: MachineRef, medium: Medium, call: Call): Promise<string> {
  const args = [...insertMedium(ref.id, opticalPorts.installer, medium.path), '--forceunmount']
  await session.manage(args, { action: `insert ${medium.path}` }, call)
  return medium.path
}

export async function ejectMedium(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  if (imageIn(machine, opticalPorts.installer) === undefined) return
  const args = [...insertMedium(ref.id, opticalPorts.installer, undefined), '--forceunmount']
  await session.manage(args, { action: `eject the medium of ${ref.name}` }, call)
}
