/** What recorders of a machine wrote, wherever it lies. */
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, stateError } from '../store/atomic-file.ts'
import { segmentsAmong, type RecorderFolder } from './recorder-folder.ts'

export interface Piece {
  /** At which byte of all that was written it begins. */
  readonly at: number
  readonly bytes: Uint8Array
}

export interface Recorded {
  /**
   * The serial text from there on, as long as it is now; nothing where nobody ever listened. What is older than what is
   * kept is left out: the first piece may begin later.
   */
  piecesFrom(offset: number): AsyncIterable<Piece>
  /** JSON lines, see RecordedEvent. */
  events(): Promise<string>
}

/** In files of this computer. */
export function recordedIn({ dir, events }: RecorderFolder): Recorded {
  return {
    async *piecesFrom(offset) {
      for (const { name, start } of segmentsAmong(await namesIn(dir))) yield* piecesOf(join(dir, name), start, offset)
    },
    events: () =>
      readFile(events, 'utf8').catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) return ''
        throw stateError(events, error)
      }),
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return await readdir(dir).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw stateError(dir, error)
  })
}

async function* piecesOf(file: string, start: number, offset: number): AsyncIterable<Piece> {
  let at = Math.max(start, offset)
  try {
    if ((await stat(file)).size <= at - start) return
    for await (const bytes of createReadStream(file, { start: at - start }) as AsyncIterable<Uint8Array>) {
      yield { at, bytes }
      at += bytes.length
    }
  } catch (error) {
    // The recorder let it go meanwhile.
    if (!hasCode(error, 'ENOENT')) throw stateError(file, error)
  }
}
