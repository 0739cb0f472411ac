/** Removal of one machine of ours, journalled, the anchor last. */
import type { EventBus } from '../events/event-bus.ts'
import type { Provider, RemovalReport } from '../provider/contract.ts'
import { requireNoDependents } from '../provider/dependents.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { callFor, type Environment } from './environment.ts'
import { removeHalfExports } from './half-exports.ts'
import type { Journal } from './journal.ts'
import { withMachineLock } from './machine-lock.ts'
import { withNoted } from './noted.ts'
import { requireOurs } from './ownership.ts'

export interface DestroyRequest {
  readonly environment: Environment
  readonly provider: Provider
  readonly info: MachineInfo
  readonly journal: Journal
  readonly bus: EventBus
  readonly signal: AbortSignal
}

/** Removes a machine while its lock is held. */
export async function destroyLocked(request: DestroyRequest): Promise<RemovalReport> {
  const { environment, provider, info, journal, bus, signal } = request
  const call = callFor(bus, signal)
  if (info.state !== 'absent') {
    requireOurs(info, environment, provider.host)
    // Before the mark says that it is being removed: gc would else go on with it.
    requireNoDependents(info.ref, await provider.dependents(info.ref, call))
    journal.append({ entry: 'intent', act: 'destroy', operation: 'destroy', object: `machine ${info.ref.name}` })
    await provider.updateMark(info.ref, { phase: 'destroying', creator: environment.processes.self }, call)
  }
  const noted = { provider, ref: info.ref, bus, now: environment.now }
  const report = await bus.step('destroy', `remove ${info.ref.name}`, () =>
    withNoted(noted, () => provider.destroy(info.ref, call)),
  )
  const shared = await provider.removeUnusedShared(call)
  // Only the journal knows of them, which goes too.
  const { journal: file } = environment.machines.paths(provider.name, provider.host, info.ref.name)
  const halves = await removeHalfExports(file)
  await environment.machines.forget(provider.name, provider.host, info.ref.name)
  journal.append({ entry: 'done', act: 'destroy', operation: 'destroy' })
  return { removed: [...report.removed, ...shared, ...halves.removed], kept: [...report.kept, ...halves.kept] }
}

export interface LockedDestroyRequest extends Omit<DestroyRequest, 'journal'> {
  readonly lockWaitMs: number
  /** Asked once the lock is held: false where somebody took the machine up in between. Default: it is removed. */
  readonly isStillWanted?: (fresh: MachineInfo) => boolean
}

/** Takes the lock, looks again, removes the machine, and forgets it. */
export async function destroyMachine(request: LockedDestroyRequest): Promise<RemovalReport> {
  const { environment, provider, info, bus, signal, lockWaitMs } = request
  const lock = { environment, provider, name: info.ref.name, verb: 'destroy', signal, lockWaitMs }
  return await withMachineLock(lock, async (journal) => {
    const fresh = await provider.inspect(info.ref, callFor(bus, signal))
    if (request.isStillWanted?.(fresh) === false) {
      const kept = { what: `machine ${info.ref.name}`, why: 'somebody works on it by now', isOurs: true }
      return { removed: [], kept: [kept] }
    }
    return await destroyLocked({ ...request, info: fresh, journal })
  })
}
