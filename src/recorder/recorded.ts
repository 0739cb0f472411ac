/** What recorders of a machine wrote, wherever it lies. */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { hasCode, stateError } from '../store/atomic-file.ts'
import type { RecorderFolder } from './recorder-folder.ts'

export interface Recorded {
  /** The serial text from there on, as long as it is now; nothing where nobody ever listened. */
  bytesFrom(offset: number): AsyncIterable<Uint8Array>
  /** JSON lines, see RecordedEvent. */
  events(): Promise<string>
}

/** In files of this computer. */
export function recordedIn({ serial, events }: RecorderFolder): Recorded {
  return {
    async *bytesFrom(offset) {
      try {
        if ((await stat(serial)).size <= offset) return
        yield* createReadStream(serial, { start: offset }) as AsyncIterable<Uint8Array>
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw stateError(serial, error)
      }
    },
    events: () =>
      readFile(events, 'utf8').catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) return ''
        throw stateError(events, error)
      }),
  }
}
