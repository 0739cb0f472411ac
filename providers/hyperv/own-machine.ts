import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { requireMachine, type FoundMachine, type MachineConfig } from './machines.ts'
import { isMarkOf } from './mark-notes.ts'
import type { Session } from './session.ts'

/** A machine with a mark of its own. */
export type OwnMachine = FoundMachine<MachineConfig> & { readonly mark: Mark }

/** The machine; throws machine-not-found, and not-owned where it carries no mark that names it. */
export async function requireOwnMachine(session: Session, ref: MachineRef, call: Call): Promise<OwnMachine> {
  const machine = await requireMachine(session, ref, call)
  const { mark, vmId } = machine
  if (mark && isMarkOf(mark, vmId)) return { ...machine, mark }
  throw notOwned(ref)
}
