import * as z from 'zod'
import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Call, StopRequest } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { changeState, isOffState, settledState, stateOf, type Watched } from './machine-state.ts'
import { requireBrief } from './machines.ts'
import type { Session } from './session.ts'
import { VerbError } from './worker.ts'

const done = z.literal(true)

export async function stopMachine(session: Session, ref: MachineRef, request: StopRequest, call: Call): Promise<void> {
  const { vmId } = await requireBrief(session, ref, call)
  const watched = { name: ref.name, vmId }
  if ((await stateOf(session, watched, call)) === 'off') return
  if (request.mode === 'force') await turnOff(session, watched, call)
  else await shutDown(session, watched, request.timeoutMs, call)
}

/** The power cord; one that is off is done. */
export async function turnOff(session: Session, watched: Watched, call: Call): Promise<void> {
  const asked = { action: `switch ${watched.name} off`, schema: done }
  const pull = () => session.run('turn-off-vm', { id: watched.vmId }, asked, call)
  await changeState(session, watched, pull, (state) => state === 'off', call)
}

/** In a worker of its own, which the deadline ends: what Hyper-V asked of the guest stays asked, and nothing is cut off. */
async function shutDown(session: Session, watched: Watched, timeoutMs: number, call: Call): Promise<void> {
  const asked = { action: `shut ${watched.name} down`, schema: done, timeoutMs }
  try {
    await session.runAlone('shut-down-vm', { id: watched.vmId }, asked, call)
  } catch (error) {
    if (call.signal.aborted || (isAzlVmError(error) && error.cause instanceof VerbError)) throw error
    // It may have gone off at the last moment.
    if (isOffState(await settledState(session, watched, call))) return
    if (!isAzlVmError(error, 'timed-out')) throw error
    throw new AzlVmError(
      'timed-out',
      `"${watched.name}" did not switch itself off within ${String(timeoutMs / 1000)} s; it runs on`,
      { cause: error, hint: `\`azl-vm stop ${watched.name} --force\` cuts the power.` },
    )
  }
}
