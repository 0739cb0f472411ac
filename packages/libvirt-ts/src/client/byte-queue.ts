/**
 * Bytes, and marks between them where there are any (holes), between a producer that is never held up and one consumer
 * that iterates.
 */
export class ByteQueue<Mark = never> implements AsyncIterable<Uint8Array | Mark> {
  readonly #limitBytes: number
  #chunks: (Uint8Array | Mark)[] = []
  #heldBytes = 0
  #droppedBytes = 0
  #isEnded = false
  #error: Error | undefined
  #wake: () => void = () => undefined

  /** Beyond `limitBytes` the oldest bytes are dropped. Infinity: the producer keeps the bound by itself. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get droppedBytes(): number {
    return this.#droppedBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Copies a small chunk, which may be a view into something much larger; a large one is kept as it is. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded) return
    this.#append(chunk)
    while (this.#heldBytes > this.#limitBytes) this.#dropOldest()
    this.#wake()
  }

  /** Counts as the memory that it takes, so that marks without bytes do not wait without a bound. */
  pushMark(mark: Mark): void {
    if (this.#isEnded) return
    this.#chunks.push(mark)
    this.#heldBytes += markBytes
    this.#wake()
  }

  /** No more will come. What is held can still be taken; then the loop ends, or throws the error. */
  end(error?: Error): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#error = error
    this.#wake()
  }

  /** The oldest chunk, or undefined where nothing is held now. */
  take(): Uint8Array | Mark | undefined {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#heldBytes -= chunk instanceof Uint8Array ? chunk.length : markBytes
    return chunk
  }

  /** Forgets what is held. */
  clear(): void {
    this.#chunks = []
    this.#heldBytes = 0
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | Mark, void, undefined> {
    for (;;) {
      const chunk = this.take()
      if (chunk !== undefined) {
        yield chunk
      } else if (this.#isEnded) {
        if (this.#error !== undefined) throw this.#error
        return
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    }
  }

  /** Joins small pieces, so that a serial port's single bytes do not become as many objects. */
  #append(chunk: Uint8Array): void {
    const last = this.#chunks.at(-1)
    if (last instanceof Uint8Array && last.length + chunk.length <= joinBytes) {
      const joined = new Uint8Array(last.length + chunk.length)
      joined.set(last)
      joined.set(chunk, last.length)
      this.#chunks[this.#chunks.length - 1] = joined
    } else {
      this.#chunks.push(chunk.length < keepBytes ? new Uint8Array(chunk) : chunk)
    }
    this.#heldBytes += chunk.length
  }

  #dropOldest(): void {
    const excess = this.#heldBytes - this.#limitBytes
    const oldest = this.take()
    if (!(oldest instanceof Uint8Array)) return
    const dropped = Math.min(excess, oldest.length)
    this.#droppedBytes += dropped
    if (dropped === oldest.length) return
    this.#chunks.unshift(oldest.subarray(dropped))
    this.#heldBytes += oldest.length - dropped
  }
}

const joinBytes = 4096

/** About what a small object and its place in the queue take. */
const markBytes = 256

/** From here a chunk is a good part of the buffer that it views: sockets are read in pieces of 64 KiB. */
const keepBytes = 16384
