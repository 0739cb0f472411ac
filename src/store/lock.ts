/**
 * Locks between processes: one per machine for changing verbs, short ones for shared things.
 *
 * A lock is a folder that holds a note of who made it. It is made under a name of its own and then renamed to the
 * lock's name, which fails where a folder with something in it is there already: so lock and note come as one, on
 * every file system. They go with the note; an empty folder is nobody's.
 *
 * The lock of a killed process is broken at once, and only by who holds the lock's judge, which is another lock:
 * else two could see the same dead holder, and the slower one would take the lock of the faster one away. A judge
 * can be killed as well; its lock then has a judge in turn.
 */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'
import type { ProcessTable } from '../host/process-identity.ts'
import type { ProcessIdentity } from '../provider/mark.ts'
import { hasCode, stateError } from './atomic-file.ts'

interface Holder extends ProcessIdentity {
  readonly verb: string
}

export interface LockRequest {
  /** What the lock guards, for people. */
  readonly what: string
  /** Who asks, e.g. `up`; '' where it is not known. */
  readonly verb: string
  readonly processes: ProcessTable
  readonly signal: AbortSignal
  /** How long to wait for a living holder, milliseconds; 0 fails at once with resource-busy. */
  readonly waitMs: number
  /** What to do where it stays busy; without it, `--wait` is offered. */
  readonly busyHint?: string
}

type Release = () => Promise<void>

const retryMs = 50

/**
 * Runs `work` while `file` is locked, and tells it whether somebody else had the lock first. The lock is gone afterwards,
 * whatever `work` did.
 */
export async function withLock<T>(
  file: string,
  request: LockRequest,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const { release, hasWaited } = await acquire(file, request)
  try {
    return await work(hasWaited)
  } finally {
    await release()
  }
}

/** True while a living process holds the lock; only for telling, because it may end the moment after. */
export async function isLocked(file: string, processes: ProcessTable): Promise<boolean> {
  const holder = await readHolder(file)
  return holder !== undefined && isLiving(holder, processes)
}

async function acquire(
  file: string,
  request: LockRequest,
): Promise<{ readonly release: Release; readonly hasWaited: boolean }> {
  const deadline = Date.now() + request.waitMs
  for (let hasWaited = false; ; hasWaited = true) {
    const release = await tryLock(file, request)
    if (release) return { release, hasWaited }
    if (Date.now() >= deadline) throw busy(request, await readHolder(file))
    await abortableDelay(retryMs, request.signal)
  }
}

/** One attempt. Undefined where a living process holds the lock, or somebody else was faster. */
async function tryLock(file: string, request: LockRequest): Promise<Release | undefined> {
  const holder = await readHolder(file)
  if (holder === undefined) return await make(file, request)
  if (isLiving(holder, request.processes)) return undefined
  const releaseJudge = await tryLock(`${file}.judge`, request)
  if (!releaseJudge) return undefined
  try {
    const found = await readHolder(file)
    if (found !== undefined) {
      if (isLiving(found, request.processes)) return undefined
      // Nobody else touches it by now: its holder is dead, and the judge is us.
      await takeAway(file)
    }
    return await make(file, request)
  } finally {
    await releaseJudge()
  }
}

async function make(file: string, { processes, verb }: LockRequest): Promise<Release | undefined> {
  const note = JSON.stringify({ ...processes.self, verb } satisfies Holder)
  const own = `${file}.${randomBytes(6).toString('hex')}`
  try {
    // Each time anew: somebody may have deleted AZL_VM_HOME.
    makeFolder(own, 0o700)
    await writeNote(own, note)
    // POSIX would rename onto an empty folder, Windows would not.
    await removeEmpty(file)
    await rename(own, file)
  } catch (error) {
    await rm(own, { recursive: true, force: true }).catch(() => undefined)
    if (isInTheWay(error)) return undefined
    throw stateError(file, error)
  }
  return async () => {
    // Whoever deleted AZL_VM_HOME in between gave the lock to the next one, and it is no longer ours to remove.
    if ((await readFile(noteOf(file), 'utf8').catch(() => undefined)) === note) await takeAway(file)
  }
}

/** On the disk before the rename: a power cut must not leave a lock with half a note. */
async function writeNote(folder: string, note: string): Promise<void> {
  const handle = await open(noteOf(folder), 'wx', 0o600)
  try {
    await handle.writeFile(note)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What a rename onto another holder's lock fails with; Windows says EPERM. */
function isInTheWay(error: unknown): boolean {
  const isRename = error instanceof Error && 'syscall' in error && error.syscall === 'rename'
  return isRename && hasCode(error, 'ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : []))
}

async function takeAway(file: string): Promise<void> {
  await rm(noteOf(file), { force: true }).catch((error: unknown) => {
    throw stateError(file, error)
  })
  await removeEmpty(file)
}

/** Where it is not empty it has become the next one's lock. */
async function removeEmpty(file: string): Promise<void> {
  await rmdir(file).catch(() => undefined)
}

function noteOf(folder: string): string {
  return path.join(folder, 'holder.json')
}

/** Undefined where nobody holds the lock. A note that is none was never one of a living holder. */
async function readHolder(file: string): Promise<Holder | 'unreadable' | undefined> {
  let text: string
  try {
    text = await readFile(noteOf(file), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw stateError(file, error)
  }
  try {
    const value: unknown = JSON.parse(text)
    return isHolder(value) ? value : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

function isLiving(holder: Holder | 'unreadable', processes: ProcessTable): boolean {
  return holder !== 'unreadable' && processes.isAlive(holder)
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

function busy(request: LockRequest, holder: Holder | 'unreadable' | undefined): AzlVmError {
  return new AzlVmError('resource-busy', `${request.what} is in use by ${whoIs(holder)}`, {
    hint: request.busyHint ?? 'Wait for it, or run the same command with --wait.',
  })
}

function whoIs(holder: Holder | 'unreadable' | undefined): string {
  if (holder === undefined || holder === 'unreadable') return 'another azl-vm'
  return `${holder.verb === '' ? 'another azl-vm' : `\`azl-vm ${holder.verb}\``} (pid ${String(holder.pid)})`
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
