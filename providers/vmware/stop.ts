import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Call, StopRequest } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { pause } from '../../src/provider/pause.ts'
import { toolError } from './errors.ts'
import { isOffState, stateById, stateOf } from './machine-state.ts'
import { requireMachine, type FoundMachine } from './machines.ts'
import type { Session } from './session.ts'

export async function stopMachine(session: Session, ref: MachineRef, request: StopRequest, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  if ((await stateOf(session, machine, call)).state === 'off') return
  if (request.mode === 'force') await turnOff(session, machine, call)
  else await shutDown(session, machine, request.timeoutMs, call)
}

const lookEveryMs = 100
/** The locks go after vmrun has answered. Milliseconds. */
const offWithinMs = 30_000

/** The power cord; one that is off is done. */
export async function turnOff(session: Session, { ref, file }: FoundMachine, call: Call): Promise<void> {
  const action = `switch ${ref.name} off`
  const result = await session.askVmrun(['stop', file, 'hard'], { action }, call)
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    // Saved is not off: the machine is as it was, without its memory.
    if (isOffState(await stateById(session, ref, call))) return
    if (result.exitCode !== 0) throw toolError(action, result)
    if (waitedMs >= offWithinMs) throw new AzlVmError('timed-out', `"${ref.name}" still runs after vmrun stopped it`)
    await pause(lookEveryMs, call, `waiting for "${ref.name}" to be off`)
  }
}

/** What the guest makes of it is its own affair: without VMware Tools vmrun waits for nothing, or says so at once. */
async function shutDown(session: Session, { ref, file }: FoundMachine, timeoutMs: number, call: Call): Promise<void> {
  const until = session.context.now().getTime() + timeoutMs
  const action = `shut ${ref.name} down`
  const late = new AzlVmError(
    'timed-out',
    `"${ref.name}" did not switch itself off within ${String(timeoutMs / 1000)} s; it runs on`,
    {
      hint: `VMware asks a guest without VMware Tools in vain. \`azl-vm stop ${ref.name} --force\` cuts the power.`,
    },
  )
  try {
    const result = await session.askVmrun(['stop', file, 'soft'], { action, timeoutMs }, call)
    if (result.exitCode !== 0 && !isOffState(await stateById(session, ref, call))) throw toolError(action, result)
  } catch (error) {
    if (!isAzlVmError(error, 'timed-out')) throw error
  }
  for (;;) {
    if (isOffState(await stateById(session, ref, call))) return
    if (session.context.now().getTime() >= until) throw late
    await pause(lookEveryMs, call, `waiting for "${ref.name}" to switch itself off`)
  }
}
