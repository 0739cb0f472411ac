/** What every changing verb holds from its first journal entry to its last: the machine's lock, and its journal. */
import type { Provider } from '../provider/contract.ts'
import { withLock } from '../store/lock.ts'
import type { Environment } from './environment.ts'
import { openJournal, type Journal } from './journal.ts'

export interface MachineLockRequest {
  readonly environment: Environment
  readonly provider: Provider
  readonly name: string
  readonly verb: string
  readonly signal: AbortSignal
  /** How long to wait for another command on the machine, milliseconds; 0 fails at once with resource-busy. */
  readonly lockWaitMs: number
  /** How the journal is opened; a test hands in its own. */
  readonly openJournal?: typeof openJournal | undefined
}

/** Runs `work` alone on the machine. The folder of a machine that is forgotten by then goes too. */
export async function withMachineLock<T>(
  request: MachineLockRequest,
  work: (journal: Journal) => Promise<T>,
): Promise<T> {
  const { environment, provider, name, verb, signal, lockWaitMs } = request
  const { home, machines, processes, now } = environment
  const file = home.machineLock(provider.name, provider.host, name)
  const lock = { what: `the machine "${name}"`, verb, processes, signal, waitMs: lockWaitMs }
  return await withLock(file, lock, async () => {
    const journal = (request.openJournal ?? openJournal)(
      machines.paths(provider.name, provider.host, name).journal,
      now,
    )
    try {
      return await work(journal)
    } finally {
      journal.close()
      await machines.removeFolderIfForgotten(provider.name, provider.host, name)
    }
  })
}
