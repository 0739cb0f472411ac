/** Bytes and holes into a stream that takes holes; runs of zeros in the bytes become holes too. */
import type { Hole } from '../api.ts'
import type { RpcStream } from '../rpc/stream.ts'

/** What file systems keep or leave out as one piece. */
const blockBytes = 4096

const zeros = Buffer.alloc(blockBytes)

export class SparseWriter {
  readonly #stream: RpcStream
  #position = 0
  /** Zeros up to the position that are not sent yet: they may go on in the next chunk. */
  #pendingHole = 0

  constructor(stream: RpcStream) {
    this.#stream = stream
  }

  /** Resolves when the next chunk may follow. */
  async write(chunk: Uint8Array | Hole): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      this.#position += chunk.holeBytes
      this.#pendingHole += chunk.holeBytes
      return
    }
    let dataStart = 0
    for (let at = 0; at < chunk.length;) {
      const end = Math.min(chunk.length, at + blockBytes - (this.#position % blockBytes))
      const isZero = zeros.compare(chunk, at, end, 0, end - at) === 0
      if (isZero) {
        await this.#data(chunk.subarray(dataStart, at))
        dataStart = end
        this.#pendingHole += end - at
      } else if (this.#pendingHole > 0) {
        await this.finish()
      }
      this.#position += end - at
      at = end
    }
    await this.#data(chunk.subarray(dataStart))
  }

  /** Sends the zeros that wait for their end. */
  async finish(): Promise<void> {
    const lengthBytes = this.#pendingHole
    this.#pendingHole = 0
    if (lengthBytes > 0) await this.#stream.writeHole(lengthBytes)
  }

  async #data(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#stream.write(bytes)
  }
}
