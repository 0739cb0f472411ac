/** The files of one machine's recorder. */
import { rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readJsonFile } from '../store/atomic-file.ts'

export interface RecorderFolder {
  readonly dir: string
  /** {@link RecorderNote}, while one runs. That of one that was killed stays until the next one writes its own. */
  readonly note: string
  /** Held by the one that runs; see one-recorder.ts. */
  readonly lock: string
  /** {@link RecordedEvent}, one JSON line each. */
  readonly events: string
}

/** Where a running recorder is spoken to. It holds a secret and is for the user only. */
export interface RecorderNote {
  readonly pid: number
  readonly address: string
  readonly token: string
}

export interface RecordedEvent {
  /** ISO 8601. */
  readonly at: string
  /**
   * `start`: a machine is about to be started; `unwritten`: so many bytes are missing here; `killed`: the recorder before
   * ended without a word, and this is the last that is known of it, noted by the next one; `given-up`: that happened so
   * often that nobody begins another until a command does.
   */
  readonly event:
    'listening' | 'start' | 'connected' | 'lost' | 'denied' | 'unwritten' | 'ended' | 'killed' | 'given-up'
  /** How much was written of the serial port up to that moment; for `unwritten` how many bytes are not in it. */
  readonly bytes: number
}

/** A line that a kill cut off is no event. */
export function eventsIn(text: string): readonly RecordedEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as RecordedEvent]
    } catch {
      return []
    }
  })
}

export function recorderFolder(root: string, machineId: string): RecorderFolder {
  const dir = join(root, machineId)
  return { dir, note: join(dir, 'recorder.json'), lock: join(dir, 'lock'), events: join(dir, 'events.jsonl') }
}

/** Undefined where no recorder is noted. */
export async function readNote({ note }: RecorderFolder): Promise<RecorderNote | undefined> {
  return (await readJsonFile(note)) as RecorderNote | undefined
}

/** Removes where a recorder was spoken to, and the folder that was made for it where its own is too deep. */
export async function removeSocket(address: string, { dir }: RecorderFolder): Promise<void> {
  // A pipe of Windows goes with its process.
  if (address.startsWith('\\\\')) return
  await rm(address, { force: true }).catch(() => undefined)
  if (dirname(address) !== dir) await rmdir(dirname(address)).catch(() => undefined)
}

/** Removes all that is kept of a machine; again where somebody who came for its lock put something there meanwhile. */
export async function removeFolder({ dir }: RecorderFolder): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
}

/** A file with a part of all that the port said. */
export interface Segment {
  readonly name: string
  /** At which byte of it all it begins. */
  readonly start: number
}

/** A segment that is longer is followed by another, and the one before it goes: 8 MiB are kept at most, as on KVM. */
export const usualSegmentBytes = 4 * 1024 ** 2

const segmentName = /^serial(?:\.(\d+))?\.log$/ // serial.log, serial.4194304.log

/** Those among the names of a folder's files, in their order. */
export function segmentsAmong(names: readonly string[]): readonly Segment[] {
  return names
    .flatMap((name) => {
      const found = segmentName.exec(name)
      return found ? [{ name, start: Number(found[1] ?? 0) }] : []
    })
    .toSorted((one, other) => one.start - other.start)
}

export function segmentAt(start: number): string {
  return start === 0 ? 'serial.log' : `serial.${String(start)}.log`
}
