import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Call, StopRequest } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { isOffState, settledState, stateOf, untilMachine } from './machine-state.ts'
import { requireMachine } from './machines.ts'
import type { Session } from './session.ts'

export async function stopMachine(session: Session, ref: MachineRef, request: StopRequest, call: Call): Promise<void> {
  await requireMachine(session, ref, call)
  if (request.mode === 'force') await turnOff(session, ref, call)
  else await shutDown(session, ref, request.timeoutMs, call)
}

const offMs = 60_000

/** The power cord; one that is off is done. What a saved machine had in its memory goes with it. */
export async function turnOff(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const state = await settledState(session, ref, call)
  if (state === 'off' || state === 'absent') return
  const args = state === 'saved' ? ['discardstate', ref.id] : ['controlvm', ref.id, 'poweroff']
  try {
    await session.manage(args, { action: `switch ${ref.name} off` }, call)
  } catch (error) {
    // The guest may have done it at that moment.
    if (!isAzlVmError(error) || !isOffState(await stateOf(session, ref, call))) throw error
  }
  await untilMachine(session, ref, isOffState, { timeoutMs: offMs, what: 'be off' }, call)
}

/** Presses the power button; the guest may not hear it. */
async function shutDown(session: Session, ref: MachineRef, timeoutMs: number, call: Call): Promise<void> {
  if (isOffState(await settledState(session, ref, call))) return
  const args = ['controlvm', ref.id, 'acpipowerbutton']
  await session.manage(args, { action: `ask ${ref.name} to switch itself off` }, call)
  try {
    await untilMachine(session, ref, isOffState, { timeoutMs, what: 'switch itself off' }, call)
  } catch (error) {
    if (!isAzlVmError(error, 'timed-out')) throw error
    throw new AzlVmError(
      'timed-out',
      `"${ref.name}" did not switch itself off within ${String(timeoutMs / 1000)} s; it runs on`,
      { cause: error, hint: `\`azl-vm stop ${ref.name} --force\` cuts the power.` },
    )
  }
}
