/** What becomes of a machine's COM1 pipe: when it is there, busy, denied, connected, gone; and what was heard. */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { PipeTrace } from './evidence.ts'

/** Milliseconds. */
const lookEveryMs = 20

const words: Readonly<Record<string, string>> = {
  ENOENT: 'absent',
  ECONNREFUSED: 'busy',
  EBUSY: 'busy',
  EACCES: 'denied',
  EPERM: 'denied',
}

/** Looks for the pipe until it is ended, and reads where it can. */
export function tracePipe(path: string): { end(): Promise<PipeTrace> } {
  const beganAtMs = performance.now()
  const now = (): number => Math.round(performance.now() - beganAtMs)
  const changes: { readonly atMs: number; readonly is: string }[] = []
  const note = (is: string): void => {
    if (changes.at(-1)?.is !== is) changes.push({ atMs: now(), is })
  }
  const look = { isWanted: true }
  let [bytes, text, firstByteMs] = [0, '', null as number | null]
  let socket: Socket | undefined
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      socket = connect(path)
      socket.on('connect', () => {
        // A pipe that may not be opened for writing is opened for reading alone, without a word (libuv).
        note(socket?.writable === true ? 'connected' : 'connected, read only')
      })
      socket.on('data', (chunk: Buffer) => {
        firstByteMs ??= now()
        bytes += chunk.length
        text += chunk.toString('latin1')
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        note(words[error.code ?? ''] ?? error.code ?? error.message)
      })
      socket.on('close', (hadError) => {
        if (!hadError) note('closed')
        resolve()
      })
    })
  const looking = (async () => {
    while (look.isWanted) {
      await once()
      await delay(lookEveryMs)
    }
  })()
  return {
    end: async () => {
      look.isWanted = false
      socket?.destroy()
      await looking
      const [, sequence] = /^\{"azl":"probe".*?"seq":(\d+)/m.exec(text) ?? [] // {"azl":"probe","v":1,"seq":0,…
      return { changes, bytes, firstByteMs, firstSequence: sequence === undefined ? null : Number(sequence) }
    },
  }
}
