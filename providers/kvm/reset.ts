import { isOperationInvalid } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { nothingToReset } from '../../src/provider/machine-errors.ts'
import { signalOf, type Session } from './session.ts'
import { noteLogState } from './start.ts'

/** QEMU's system_reset: process, console and log go on, the guest begins anew. */
export async function resetDomain(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const domain = await session.domain(ref, call)
  // One that is off keeps its note of where its last boot begins.
  if (!(await session.run('read the state', call, () => domain.isActive(signalOf(call))))) throw nothingToReset(ref)
  await noteLogState(session, ref, await session.config(domain, call), call)
  await session.run(`reset ${ref.name}`, call, async () => {
    try {
      await domain.reset(signalOf(call))
      const { state } = await domain.state(signalOf(call))
      if (state === 'paused') await domain.resume(signalOf(call))
    } catch (error) {
      const isOff: boolean = isOperationInvalid(error)
      throw isOff ? nothingToReset(ref, error) : error
    }
  })
}
