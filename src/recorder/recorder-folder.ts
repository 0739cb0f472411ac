/** The files of one machine's recorder. */
import { join } from 'node:path'
import { readJsonFile } from '../store/atomic-file.ts'

export interface RecorderFolder {
  readonly dir: string
  /** {@link RecorderNote}, while one runs. */
  readonly note: string
  /** All that the port said while somebody listened. */
  readonly serial: string
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
  /** `start`: a machine is about to be started; `unwritten`: so many bytes are missing here. */
  readonly event: 'listening' | 'start' | 'connected' | 'lost' | 'denied' | 'unwritten' | 'ended'
  /** How long the serial log is at that moment; for `unwritten` how many bytes are not in it. */
  readonly bytes: number
}

export function recorderFolder(root: string, machineId: string): RecorderFolder {
  const dir = join(root, machineId)
  return { dir, note: join(dir, 'recorder.json'), serial: join(dir, 'serial.log'), events: join(dir, 'events.jsonl') }
}

/** Undefined where no recorder is noted. */
export async function readNote({ note }: RecorderFolder): Promise<RecorderNote | undefined> {
  return (await readJsonFile(note)) as RecorderNote | undefined
}
