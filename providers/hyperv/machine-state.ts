/** A machine's power state, asked again and again: Hyper-V's own word of a change is heard only by who polls. */
import * as z from 'zod'
import { isAzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import { pause } from '../../src/provider/pause.ts'
import { powerState } from './info.ts'
import { findBrief } from './machines.ts'
import type { Session } from './session.ts'
import { VerbError } from './worker.ts'

/** Of one machine, for as long as a provider is open. */
export interface Watched {
  readonly name: string
  readonly vmId: string
}

const schema = z.object({ machine: z.object({ state: z.string() }).nullable() })

export async function stateOf(session: Session, { name, vmId }: Watched, call: Call): Promise<PowerState> {
  const action = `read the state of ${name}`
  const { machine } = await session.run('get-vm-summary', { id: vmId }, { action, schema }, call)
  return machine ? powerState(machine.state) : 'absent'
}

/** Whether nothing of it runs any more. */
export function isOffState(state: PowerState): boolean {
  return state === 'off' || state === 'saved' || state === 'absent' || state === 'crashed'
}

/** How often a state that is about to change is looked at, milliseconds. */
const changingEveryMs = 100
/** A machine that stays between two states is told by its state. Milliseconds. */
const settleMs = 60_000

/** The state once nothing is under way any more; `first` is the one that was read just now. */
export async function settledState(
  session: Session,
  watched: Watched,
  call: Call,
  first?: PowerState,
): Promise<PowerState> {
  let state = first ?? (await stateOf(session, watched, call))
  for (let waitedMs = 0; isMoving(state) && waitedMs < settleMs; waitedMs += changingEveryMs) {
    await pause(changingEveryMs, call, `waiting for "${watched.name}"`)
    state = await stateOf(session, watched, call)
  }
  return state
}

function isMoving(state: PowerState): boolean {
  return state === 'starting' || state === 'stopping'
}

/**
 * Does what changes the state. Where PowerShell ended in the middle, Hyper-V may have done it all the same, or be at it:
 * the state is read until it is stable, and nothing is done twice.
 */
export async function changeState(
  session: Session,
  watched: Watched,
  work: () => Promise<unknown>,
  isDone: (state: PowerState) => boolean,
  call: Call,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const isUnknown = isAzlVmError(error, 'backend-failed', 'timed-out') && !(error.cause instanceof VerbError)
    if (!isUnknown || call.signal.aborted) throw error
    const state = await settledState(session, watched, call)
    call.debug(`PowerShell ended; "${watched.name}" is ${state}`, error)
    if (!isDone(state)) throw error
  }
}

/** How often a watched state is looked at, milliseconds. */
const watchEveryMs = 500

export async function* watchState(session: Session, ref: MachineRef, call: Call): AsyncIterable<PowerState> {
  let told: PowerState | undefined
  for (;;) {
    const machine = await findBrief(session, ref, call)
    const state = machine ? powerState(machine.config.state) : 'absent'
    if (state !== told) yield state
    told = state
    if (state === 'absent') return
    await pause(watchEveryMs, call, `waiting for "${ref.name}"`)
  }
}
