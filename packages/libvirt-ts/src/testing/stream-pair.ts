/** Two ends of a byte stream inside one process, with the back-pressure of a real one. */
import { Duplex } from 'node:stream'

class End extends Duplex {
  peer: End | undefined
  #resume: (() => void) | undefined

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { peer } = this
    if (peer === undefined || peer.destroyed) return done(new Error('the other end is gone'))
    if (chunk.length === 0 || peer.push(Buffer.from(chunk))) setImmediate(done)
    else peer.#resume = done
  }

  override _final(done: (error?: Error | null) => void): void {
    this.peer?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { peer } = this
    this.#resume?.()
    this.#resume = undefined
    if (peer !== undefined && !peer.destroyed) setImmediate(() => peer.destroy())
    done(error)
  }
}

/** What is written to one end is read from the other. */
export function streamPair(): readonly [Duplex, Duplex] {
  const left = new End({ allowHalfOpen: false })
  const right = new End({ allowHalfOpen: false })
  left.peer = right
  right.peer = left
  return [left, right]
}
