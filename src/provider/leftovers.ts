/** What providers say and do alike of things that no machine needs. */
import { errorText } from '../errors.ts'
import type { Call, Leftover } from './contract.ts'
import type { MachineRef } from './machine.ts'

/** What recorders kept of machines that are gone. `recorded` is read before the machines are listed. */
export function recorderLeftovers(
  recorded: readonly string[],
  machines: readonly { readonly ref: MachineRef }[],
): readonly Leftover[] {
  return recorded
    .filter((id) => !machines.some(({ ref }) => ref.id === id))
    .map((id) => ({
      id: `recorder:${id}`,
      what: `recorder and serial log of the machine ${id}, which is gone`,
      runId: undefined,
    }))
}

/** Looked at again first: a machine may have come to use it since it was listed. Whether it was removed. */
export async function removeIfStillLeft(
  leftover: Leftover,
  find: () => Promise<readonly Leftover[]>,
  remove: () => Promise<boolean>,
): Promise<boolean> {
  return (await find()).some(({ id }) => id === leftover.id) && (await remove())
}

/**
 * Runs `sweep`, which removes what a machine that is gone needed last. What was asked for is done by then: a failure is
 * told, and gc comes back to it.
 */
export async function sweepAfterwards(call: Call, sweep: () => Promise<void>): Promise<void> {
  try {
    await sweep()
  } catch (error) {
    if (call.signal.aborted) throw error
    call.warn('not-swept', `what is not needed any more is still there: ${errorText(error)}`, '`azl-vm gc` removes it.')
  }
}
