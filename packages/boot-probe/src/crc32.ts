/** CRC-32 as zlib's (IEEE 802.3, reflected, 0xEDB88320), fed piece by piece. `node:zlib` has it only from Node 22.2 on. */
export class Crc32 {
  #state = 0xffffffff

  /** Adds the low byte of each UTF-16 unit: the text is what came over the wire, one unit per byte. */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      this.#state ^= text.charCodeAt(at) & 0xff
      for (let bit = 0; bit < 8; bit++) this.#state = (this.#state >>> 1) ^ (this.#state & 1 ? 0xedb88320 : 0)
    }
  }

  /** Eight hex digits, upper case. */
  get digest(): string {
    return (~this.#state >>> 0).toString(16).toUpperCase().padStart(8, '0')
  }
}
