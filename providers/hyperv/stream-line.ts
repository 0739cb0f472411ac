import type { Readable } from 'node:stream'

/**
 * One line of a paused stream, without its end; what follows stays in the stream. Undefined where the stream ends
 * before, or where so many bytes have none.
 */
export async function readStreamLine(stream: Readable, mostBytes: number): Promise<string | undefined> {
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const end = bytes.indexOf(10)
    if (end >= 0) {
      if (end + 1 < bytes.length) stream.unshift(bytes.subarray(end + 1))
      return bytes.toString('utf8', 0, end).replace(/\r$/, '')
    }
    if (bytes.length > mostBytes) return undefined
    const next = await nextBytes(stream)
    if (next === undefined) return undefined
    bytes = Buffer.concat([bytes, next])
  }
}

/** So many bytes of a paused stream, as they come; what follows stays in it. Fewer where the stream ends before. */
export async function* readStreamBytes(stream: Readable, count: number): AsyncIterable<Buffer> {
  for (let left = count; left > 0;) {
    const next = await nextBytes(stream)
    if (next === undefined) return
    if (next.length > left) stream.unshift(next.subarray(left))
    const bytes = next.subarray(0, left)
    left -= bytes.length
    yield bytes
  }
}

/** What there is by now; undefined at the end. */
async function nextBytes(stream: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const bytes = stream.read() as Buffer | null
    if (bytes !== null) return bytes
    if (stream.readableEnded || stream.destroyed) return undefined
    await new Promise<void>((resolve) => {
      const names = ['readable', 'end', 'close', 'error'] as const
      const done = (): void => {
        for (const name of names) stream.off(name, done)
        resolve()
      }
      for (const name of names) stream.once(name, done)
    })
  }
}
