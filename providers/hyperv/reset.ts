import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { nothingToReset } from '../../src/provider/machine-errors.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { recorderOf } from './console.ts'
import { settledState } from './machine-state.ts'
import { requireBrief } from './machines.ts'
import type { Session } from './session.ts'

/** Where PowerShell ends in the middle nobody can tell whether the guest was reset: that is an error, and not done twice. */
export async function resetMachine(session: Session, recorders: Recorders, ref: MachineRef, call: Call): Promise<void> {
  const machine = await requireBrief(session, ref, call)
  const state = await settledState(session, { name: ref.name, vmId: machine.vmId }, call)
  if (state !== 'running' && state !== 'paused') throw nothingToReset(ref)
  const line = await recorderOf(session, recorders, machine, call)
  try {
    await line.noteStart()
    const asked = { action: `reset ${ref.name}`, schema: z.literal(true) }
    await session.run('reset-vm', { id: machine.vmId }, asked, call)
  } finally {
    line.close()
  }
}
