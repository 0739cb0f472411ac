/** What the hypervisor noted of a machine while something failed: part of the failure's evidence. */
import { errorCodes, exitCodes, isAzlVmError, type ErrorCode } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { HostEvent, Provider } from '../provider/contract.ts'
import type { MachineRef } from '../provider/machine.ts'
import { callFor } from './environment.ts'

export interface NotedOf {
  readonly provider: Provider
  readonly ref: MachineRef
  readonly bus: EventBus
  readonly now: () => Date
}

/** Does what is asked of the hypervisor for one machine; a failure of the hypervisor comes out with what it noted since. */
export async function withNoted<T>({ provider, ref, bus, now }: NotedOf, work: () => Promise<T>): Promise<T> {
  const since = now()
  try {
    return await work()
  } catch (error) {
    if (!isAzlVmError(error) || !isOfHypervisor(error.code)) throw error
    // With a signal of its own: what was given up may have ended the caller's. What hinders it is no news after a failure.
    const call = callFor(bus, AbortSignal.timeout(readLimitMs))
    throw withEvidence(error, await provider.events(ref, since, call).catch(() => []))
  }
}

/** An error with the events that are not in its evidence yet. */
export function withEvidence(error: unknown, noted: readonly HostEvent[]): unknown {
  if (!isAzlVmError(error)) return error
  const lines = noted.map(({ text }) => text).filter((text) => !error.evidence.includes(text))
  return lines.length === 0 ? error : error.extended({ evidence: lines })
}

/** The hypervisor may have to be called anew for it. */
const readLimitMs = 20_000

/** Usage, a host that is not ready and an interruption are nothing that it noted. */
function isOfHypervisor(code: ErrorCode): boolean {
  const exitCode: number = errorCodes[code]
  return code === 'no-space' || exitCode === exitCodes.providerFailed || exitCode === exitCodes.guestFailed
}
