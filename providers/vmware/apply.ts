/** Executes the operations that make a machine, each so that it can be done again. */
import { rm } from 'node:fs/promises'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { DiskParameters } from '../../src/provider/operations.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { diskSize } from './disk-file.ts'
import { requireMachine, throwIfAborted } from './machines.ts'
import { attachMedium } from './medium.ts'
import type { VmwareParameters } from './parameters.ts'
import type { Session } from './session.ts'

/** The claim and the start are the provider's: a recorder goes with them. */
export async function applyOperation(
  session: Session,
  parameters: Exclude<VmwareParameters, { readonly kind: 'machine' | 'start' }>,
  request: MachineRequest,
  call: Call,
): Promise<Outputs> {
  throwIfAborted(call)
  switch (parameters.kind) {
    case 'medium':
      await attachMedium(session, request.ref, request.installer.path, call)
      return { place: request.installer.path }
    case 'disk':
      await requireMachine(session, request.ref, call)
      await applyDisk(session, parameters, call)
      return {}
  }
}

async function applyDisk(session: Session, { path, sizeBytes }: DiskParameters, call: Call): Promise<void> {
  if ((await diskSize(path)) === sizeBytes) return
  // One that the tool was interrupted at; it refuses a file that is there.
  await rm(path, { force: true })
  await session.makeDisk(path, sizeBytes, call)
}
