/** One recorder of a machine at a time, whoever begins it: a command, or the shell that watches the one before. */
import { setTimeout as delay } from 'node:timers/promises'
import { isAzlVmError } from '../errors.ts'
import { processTable } from '../host/process-identity.ts'
import { withLock, type LockRequest } from '../store/lock.ts'
import { readNote, type RecorderFolder } from './recorder-folder.ts'
import { RecorderLine } from './recorder-line.ts'

/** How long a recorder may take to begin or to end; milliseconds. */
const busyMs = 10_000
const lookEveryMs = 50

export interface OneRecorderOptions {
  readonly folder: RecorderFolder
  readonly platform: NodeJS.Platform
  /** Asked before the machine's folder is made: where it is not, nothing is done. */
  readonly isWanted: () => boolean
}

/**
 * Runs `work`, a recorder or what must find none, under a lock that is held as long as a recorder lives, so that no two
 * ever read one port: who was slower waits for the other. False where another one listens, which is as good. The lock of
 * one that was killed is broken. There is none on Windows: nobody but a command begins a recorder there, under a lock of
 * the commands, and a process that has got the number of one that is gone would keep the lock.
 */
export async function asOneRecorder(options: OneRecorderOptions, work: () => Promise<void>): Promise<boolean> {
  const { folder, platform, isWanted } = options
  if (platform === 'win32') {
    if (isWanted()) await work()
    return true
  }
  const processes = await processTable()
  const request: LockRequest = {
    what: 'the serial port',
    verb: '',
    processes,
    signal: new AbortController().signal,
    waitMs: 0,
  }
  for (let waitedMs = 0; isWanted(); waitedMs += lookEveryMs) {
    try {
      await withLock(folder.lock, request, work)
      return true
    } catch (error) {
      // A recorder itself is never refused so.
      if (!isAzlVmError(error, 'resource-busy')) throw error
      if (await isHeard(folder)) return false
      if (waitedMs >= busyMs) throw error
    }
    await delay(lookEveryMs)
  }
  return true
}

/** A line to the recorder that noted itself there; undefined where none runs, `timed-out` where it does not answer. */
export async function lineInto(folder: RecorderFolder): Promise<RecorderLine | undefined> {
  const note = await readNote(folder)
  return note && (await RecorderLine.open(note))
}

async function isHeard(folder: RecorderFolder): Promise<boolean> {
  const line = await lineInto(folder)
  line?.close()
  return line !== undefined
}
