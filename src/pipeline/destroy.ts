/** Removal of one machine of ours, journalled, the anchor last. */
import type { EventBus } from '../events/event-bus.ts'
import type { Provider, RemovalReport } from '../provider/contract.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { withLock } from '../store/lock.ts'
import { callFor, type Environment } from './environment.ts'
import { openJournal, type Journal } from './journal.ts'
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
    journal.append({ entry: 'intent', act: 'destroy', operation: 'destroy', object: `machine ${info.ref.name}` })
    await provider.updateMark(info.ref, { phase: 'destroying', creator: environment.processes.self }, call)
  }
  const report = await bus.step('destroy', `remove ${info.ref.name}`, () => provider.destroy(info.ref, call))
  const shared = await provider.removeUnusedShared(call)
  await environment.machines.forget(provider.name, provider.host, info.ref.name)
  journal.append({ entry: 'done', act: 'destroy', operation: 'destroy' })
  return { removed: [...report.removed, ...shared], kept: report.kept }
}

/** Takes the lock, removes the machine, and forgets it. */
export async function destroyMachine(
  request: Omit<DestroyRequest, 'journal'> & { readonly lockWaitMs: number },
): Promise<RemovalReport> {
  const { environment, provider, info, signal, lockWaitMs } = request
  const paths = environment.machines.paths(provider.name, provider.host, info.ref.name)
  const lock = {
    what: `the machine "${info.ref.name}"`,
    verb: 'destroy',
    processes: environment.processes,
    signal,
    waitMs: lockWaitMs,
  }
  return await withLock(paths.lock, lock, async () => {
    const journal = openJournal(paths.journal, environment.now)
    try {
      return await destroyLocked({ ...request, journal })
    } finally {
      journal.close()
      await environment.machines.removeFolderIfForgotten(provider.name, provider.host, info.ref.name)
    }
  })
}
