import { crc32 } from 'node:zlib'

/** CRC-32 as zlib's, fed piece by piece. */
export class Crc32 {
  #state = 0

  /** One byte per UTF-16 unit: the text is what came over the wire. */
  add(text: string): void {
    this.#state = crc32(Buffer.from(text, 'latin1'), this.#state)
  }

  /** Eight hex digits, upper case. */
  get digest(): string {
    return this.#state.toString(16).toUpperCase().padStart(8, '0')
  }
}
