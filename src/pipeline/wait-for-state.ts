/** `wait`: until the hypervisor tells that a machine is off, or runs. */
import { AzlVmError } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { PowerState } from '../provider/machine.ts'
import { callFor } from './environment.ts'
import type { FoundMachine } from './find-machine.ts'

export const awaitedStates = ['off', 'running'] as const
export type AwaitedState = (typeof awaitedStates)[number]

/** What ends the wait. `off`: nothing runs any more, whatever is kept of the guest. */
const meetings: Readonly<Record<AwaitedState, readonly PowerState[]>> = {
  off: ['off', 'saved', 'crashed'],
  running: ['running'],
}

export interface StateWait {
  readonly found: FoundMachine
  readonly awaited: AwaitedState
  readonly timeoutMs: number
  readonly bus: EventBus
  readonly signal: AbortSignal
}

/**
 * Resolves with the state that was waited for. Rejects with timed-out (says the state that the machine is in),
 * machine-not-found where it was removed meanwhile, or cancelled.
 */
export async function waitForState(wait: StateWait): Promise<PowerState> {
  const { found, awaited, timeoutMs, bus, signal } = wait
  const { provider, info } = found
  const deadline = AbortSignal.timeout(timeoutMs)
  const call = callFor(bus, AbortSignal.any([signal, deadline]))
  let last: PowerState = info.state
  try {
    return await bus.step('wait', `wait until ${info.ref.name} is ${awaited}`, async () => {
      for await (const state of provider.watchState(info.ref, call)) {
        last = state
        if (meetings[awaited].includes(state)) return state
        if (state !== 'absent') bus.emit({ type: 'note', message: `${info.ref.name} is ${state}` })
      }
      throw new AzlVmError('machine-not-found', `the machine "${info.ref.name}" was removed before it was ${awaited}`)
    })
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error
    throw new AzlVmError(
      'timed-out',
      `"${info.ref.name}" was not ${awaited} within ${String(timeoutMs / 1000)} s; it is ${last}`,
      { hint: `Wait longer with --timeout; \`azl-vm status ${info.ref.name}\` says how it is.` },
    )
  }
}
