/** What a recorder writes: the port's bytes, and when it listened. */
import { statSync } from 'node:fs'
import { AppendFile } from '../store/append-file.ts'
import type { RecordedEvent, RecorderFolder } from './recorder-folder.ts'

/** A full disk stops neither the guest nor those who listen: what could not be written is counted and noted. */
export class RecorderLog {
  readonly #serial: AppendFile
  readonly #events: AppendFile
  readonly #now: () => Date
  #bytes: number
  #unwrittenBytes = 0

  constructor(folder: RecorderFolder, now: () => Date) {
    this.#serial = new AppendFile(folder.serial)
    this.#events = new AppendFile(folder.events)
    this.#now = now
    this.#bytes = statSync(folder.serial).size
  }

  append(bytes: Uint8Array): void {
    try {
      this.#noteUnwritten()
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

  #noteUnwritten(): void {
    if (this.#unwrittenBytes === 0) return
    this.#write('unwritten', this.#unwrittenBytes)
    this.#unwrittenBytes = 0
  }

  #write(event: RecordedEvent['event'], bytes: number): void {
    const line: RecordedEvent = { at: this.#now().toISOString(), event, bytes }
    this.#events.append(`${JSON.stringify(line)}\n`)
  }
}
