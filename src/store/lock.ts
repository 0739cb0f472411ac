/**
 * Locks between processes: one per machine for changing verbs, short ones for shared things.
 *
 * proper-lockfile makes and refreshes the lock itself (a folder beside the file, works on Windows and network
 * disks); a note beside it names the holder, so that a second one can be told who it is, and so that the lock
 * of a killed process is broken at once and not after proper-lockfile's ten seconds.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import lockfile from 'proper-lockfile'
import { AzlVmError } from '../errors.ts'
import type { ProcessTable } from '../host/process-identity.ts'
import type { ProcessIdentity } from '../provider/mark.ts'
import { hasCode, stateError } from './atomic-file.ts'

interface Holder extends ProcessIdentity {
  readonly verb: string
}

export interface LockRequest {
  /** What the lock guards, for people. */
  readonly what: string
  /** Who asks, e.g. `up`. */
  readonly verb: string
  readonly processes: ProcessTable
  readonly signal: AbortSignal
  /** How long to wait for a living holder, milliseconds; 0 fails at once with resource-busy. */
  readonly waitMs: number
}

const retryMs = 50
/** proper-lockfile's default; a lock whose holder does not refresh it for so long is free. */
const staleMs = 10_000

/** Runs `work` while `file` is locked. The lock is gone afterwards, whatever `work` did. */
export async function withLock<T>(file: string, request: LockRequest, work: () => Promise<T>): Promise<T> {
  const release = await acquire(file, request)
  try {
    return await work()
  } finally {
    await release()
  }
}

/** True while a living process holds the lock; only for telling, because it may end the moment after. */
export async function isLocked(file: string, processes: ProcessTable): Promise<boolean> {
  const holder = await readHolder(file)
  return holder !== undefined && processes.isAlive(holder)
}

async function acquire(file: string, request: LockRequest): Promise<() => Promise<void>> {
  const deadline = Date.now() + request.waitMs
  for (;;) {
    // Anew each time: the holder may have been a destroy that took the folder away.
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw stateError(file, error)
    })
    const release = (await tryLock(file)) ?? (await breakDeadLock(file, request.processes))
    if (release) return await claim(file, request, release)
    if (Date.now() >= deadline) throw busy(request, await readHolder(file))
    await abortableDelay(retryMs, request.signal)
  }
}

async function claim(file: string, request: LockRequest, release: () => Promise<void>): Promise<() => Promise<void>> {
  await writeFile(noteOf(file), JSON.stringify({ ...request.processes.self, verb: request.verb } satisfies Holder), {
    mode: 0o600,
  })
  return async () => {
    await rm(noteOf(file), { force: true })
    await release().catch((error: unknown) => {
      // The folder of a destroyed machine is gone, its lock with it.
      if (!hasCode(error, 'ENOTACQUIRED', 'ERELEASED', 'ENOENT')) throw error
    })
  }
}

async function tryLock(file: string): Promise<(() => Promise<void>) | undefined> {
  try {
    // A lock that was broken while this computer slept is no reason to fall over in the middle of a run.
    return await lockfile.lock(file, { realpath: false, stale: staleMs, onCompromised: () => undefined })
  } catch (error) {
    if (hasCode(error, 'ELOCKED')) return undefined
    throw stateError(file, error)
  }
}

/** Takes over the lock of a dead holder. A second lock makes sure that only one process at a time judges. */
async function breakDeadLock(file: string, processes: ProcessTable): Promise<(() => Promise<void>) | undefined> {
  const holder = await readHolder(file)
  if (!holder || processes.isAlive(holder)) return undefined
  const releaseJudge = await tryLock(`${file}.judge`)
  if (!releaseJudge) return undefined
  try {
    const stillHolder = await readHolder(file)
    if (!stillHolder || processes.isAlive(stillHolder)) return undefined
    await rm(noteOf(file), { force: true })
    await rm(`${file}.lock`, { recursive: true, force: true })
    return await tryLock(file)
  } finally {
    await releaseJudge()
  }
}

function noteOf(file: string): string {
  return `${file}.holder.json`
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(noteOf(file), 'utf8'))
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    'bootId' in value &&
    'startTime' in value &&
    'verb' in value
  )
}

function busy(request: LockRequest, holder: Holder | undefined): AzlVmError {
  const who = holder ? `\`azl-vm ${holder.verb}\` (pid ${String(holder.pid)})` : 'another azl-vm'
  return new AzlVmError('resource-busy', `${request.what} is in use by ${who}`, {
    hint: 'Wait for it, or run the same command with --wait.',
  })
}

async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  const interrupted = (): AzlVmError => new AzlVmError('cancelled', 'interrupted while waiting for a lock')
  if (signal.aborted) throw interrupted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(interrupted())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
