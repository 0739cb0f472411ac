/** A machine's power state, asked again and again: VBoxManage tells no changes. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import { pause } from '../../src/provider/pause.ts'
import { powerState } from './info.ts'
import { findMachine, type FoundMachine } from './machines.ts'
import type { Session } from './session.ts'

export async function stateOf(session: Session, ref: MachineRef, call: Call): Promise<PowerState> {
  return stateIn(await findMachine(session, ref, call))
}

function stateIn(machine: FoundMachine | undefined): PowerState {
  return machine ? powerState(machine.state) : 'absent'
}

/** Whether nothing of it runs any more. */
export function isOffState(state: PowerState): boolean {
  return state === 'off' || state === 'saved' || state === 'absent'
}

/** How often a state that is about to change is looked at, milliseconds. */
const changingEveryMs = 100

/** The machine, undefined where it is gone, once `isIt` holds of its state; throws timed-out where it never does. */
export async function untilMachine(
  session: Session,
  ref: MachineRef,
  isIt: (state: PowerState) => boolean,
  { timeoutMs, what }: { readonly timeoutMs: number; readonly what: string },
  call: Call,
): Promise<FoundMachine | undefined> {
  const until = session.context.now().getTime() + timeoutMs
  for (;;) {
    const machine = await findMachine(session, ref, call)
    const state = stateIn(machine)
    if (isIt(state)) return machine
    if (session.context.now().getTime() >= until)
      throw new AzlVmError(
        'timed-out',
        `"${ref.name}" was to ${what}, and is ${state} after ${String(timeoutMs / 1000)} s`,
      )
    await pause(changingEveryMs, call, `waiting for "${ref.name}" to ${what}`)
  }
}

/** A machine that stays between two states is told by its state. Milliseconds. */
const settleMs = 60_000

/** Once nothing is under way any more; undefined where it is gone. */
export async function settledMachine(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine | undefined> {
  const isStable = (state: PowerState): boolean => state !== 'starting' && state !== 'stopping'
  return await untilMachine(session, ref, isStable, { timeoutMs: settleMs, what: 'come to rest' }, call)
}

export async function settledState(session: Session, ref: MachineRef, call: Call): Promise<PowerState> {
  return stateIn(await settledMachine(session, ref, call))
}

/** How often a watched state is looked at, milliseconds. */
const watchEveryMs = 500

export async function* watchState(session: Session, ref: MachineRef, call: Call): AsyncIterable<PowerState> {
  let told: PowerState | undefined
  for (;;) {
    const state = await stateOf(session, ref, call)
    if (state !== told) yield state
    told = state
    if (state === 'absent') return
    await pause(watchEveryMs, call, `watching "${ref.name}"`)
  }
}
