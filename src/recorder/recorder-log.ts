/** What a recorder writes: the port's bytes, and when it listened. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppendFile } from '../store/append-file.ts'
import { makeFolder } from '../store/make-folder.ts'
import {
  eventsIn,
  segmentAt,
  segmentsAmong,
  usualSegmentBytes,
  type RecordedEvent,
  type RecorderFolder,
} from './recorder-folder.ts'

/** A full disk stops neither the guest nor those who listen: what could not be written is counted and noted. */
export class RecorderLog {
  readonly #dir: string
  readonly #segmentBytes: number
  /** The newest segment, and where it begins. */
  #serial: AppendFile
  #start: number
  readonly #events: AppendFile
  readonly #now: () => Date
  #bytes: number
  #unwrittenBytes = 0

  constructor({ dir, events }: RecorderFolder, now: () => Date, segmentBytes = usualSegmentBytes) {
    makeFolder(dir, 0o700)
    this.#dir = dir
    this.#segmentBytes = segmentBytes
    this.#start = segmentsAmong(readdirSync(dir)).at(-1)?.start ?? 0
    this.#serial = new AppendFile(join(dir, segmentAt(this.#start)))
    this.#events = new AppendFile(events)
    this.#now = now
    const { size, mtime } = statSync(this.#serial.path)
    this.#bytes = this.#start + size
    this.#noteKilled(readFileSync(events, 'utf8'), mtime)
  }

  /** A recorder that was killed left no `ended`: the last that it wrote, an event or what the port said, is known. */
  #noteKilled(events: string, heard: Date): void {
    const last = eventsIn(events).at(-1)
    if (!last || last.event === 'ended' || last.event === 'given-up') return
    // What it was writing is no line.
    if (!events.endsWith('\n')) this.#events.append('\n')
    this.#write('killed', this.#bytes, new Date(Math.max(Date.parse(last.at), heard.getTime())))
  }

  append(bytes: Uint8Array): void {
    try {
      this.#noteUnwritten()
      if (this.#bytes - this.#start >= this.#segmentBytes) this.#beginSegment()
      this.#serial.append(bytes)
      this.#bytes += bytes.length
    } catch {
      this.#unwrittenBytes += bytes.length
    }
  }

  note(event: RecordedEvent['event']): void {
    try {
      this.#write(event, this.#bytes)
    } catch {
      // The port is what counts; whoever reads the log sees the events that there are.
    }
  }

  close(): void {
    this.#serial.close()
    this.#events.close()
  }

  /** The one before it stays. */
  #beginSegment(): void {
    const next = new AppendFile(join(this.#dir, segmentAt(this.#bytes)))
    this.#serial.close()
    this.#serial = next
    this.#start = this.#bytes
    try {
      for (const { name } of segmentsAmong(readdirSync(this.#dir)).slice(0, -2))
        rmSync(join(this.#dir, name), { force: true })
    } catch {
      // It goes with the next.
    }
  }

  #noteUnwritten(): void {
    if (this.#unwrittenBytes === 0) return
    this.#write('unwritten', this.#unwrittenBytes)
    this.#unwrittenBytes = 0
  }

  #write(event: RecordedEvent['event'], bytes: number, at = this.#now()): void {
    const line: RecordedEvent = { at: at.toISOString(), event, bytes }
    this.#events.append(`${JSON.stringify(line)}\n`)
  }
}
