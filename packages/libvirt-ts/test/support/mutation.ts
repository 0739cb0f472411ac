/** Valid bytes of any structure, and ways to spoil them. */
import { ProtocolError } from '../../src/index.ts'
import type { AnyCodec } from '../../src/rpc/codec.ts'
import { XdrReader, XdrWriter } from '../../src/rpc/xdr.ts'
import type { Random } from './random.ts'

/**
 * A reader that makes up what it is asked for and notes the bytes: whatever a codec reads from it, the same codec
 * reads again from the bytes. So it knows every structure, also those that are added later.
 */
class InventingReader extends XdrReader {
  readonly #random: Random
  readonly #writer = new XdrWriter()

  constructor(random: Random) {
    super(Buffer.alloc(0))
    this.#random = random
  }

  get bytes(): Buffer {
    return Buffer.from(this.#writer.finish())
  }

  /** Small, so that kinds of a union and enumerations are often ones that exist. */
  override int(): number {
    const value = this.#random(9) - 1
    this.#writer.int(value)
    return value
  }

  override uint(): number {
    const value = this.#random(9)
    this.#writer.uint(value)
    return value
  }

  override hyper(): bigint {
    const value = BigInt(this.#random(1 << 30)) - 5n
    this.#writer.hyper(value)
    return value
  }

  override uhyper(): bigint {
    const value = BigInt(this.#random(1 << 30)) << 12n
    this.#writer.uhyper(value)
    return value
  }

  override fixed(bytes: number): Buffer {
    const value = Buffer.from(Array.from({ length: bytes }, () => this.#random(256)))
    this.#writer.fixed(value)
    return value
  }

  override string(maxBytes: number): string {
    const value = 'libvirt é 東 <xml/>'.slice(0, Math.min(maxBytes, this.#random(18)))
    this.#writer.string(value, maxBytes)
    return value
  }

  override count(max: number): number {
    const value = Math.min(max, this.#random(4))
    this.#writer.uint(value)
    return value
  }

  override isPresent(): boolean {
    const isPresent = this.#random(2) === 1
    this.#writer.uint(Number(isPresent))
    return isPresent
  }
}

/** Bytes that `codec` reads to the end without a complaint. */
export function validBytes(codec: AnyCodec, random: Random): Buffer {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const reader = new InventingReader(random)
    try {
      codec.read(reader)
      return reader.bytes
    } catch (error) {
      // A kind that the codec does not know was made up: once more.
      if (!(error instanceof ProtocolError)) throw error
    }
  }
  throw new Error(`no value of ${codec.type} could be made up`)
}

/** Where lengths and counts tip over: signs, libvirt's limits for a list, a text and a message, and one beyond. */
export const lyingWords = [
  0, 1, 2, 27, 28, 0x4000, 0x4001, 0x400000, 0x400001, 0x2000000, 0x2000004, 0x2000005, 0x7fffffff, 0x80000000,
  0xfffffffc, 0xffffffff,
]

const mutations: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  function flipBit(bytes, random) {
    const at = random(bytes.length)
    bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << random(8)), at)
    return bytes
  },
  function lieInAWord(bytes, random) {
    const at = random(Math.floor(bytes.length / 4)) * 4
    if (at + 4 <= bytes.length) bytes.writeUInt32BE(lyingWords[random(lyingWords.length)] ?? 0, at)
    return bytes
  },
  function cutShort(bytes, random) {
    return bytes.subarray(0, random(bytes.length))
  },
  function leaveOut(bytes, random) {
    const at = random(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(16))])
  },
  function putIn(bytes, random) {
    const at = random(bytes.length)
    const foreign = Buffer.from(Array.from({ length: 1 + random(16) }, () => random(256)))
    return Buffer.concat([bytes.subarray(0, at), foreign, bytes.subarray(at)])
  },
  function repeat(bytes, random) {
    const at = random(bytes.length)
    return Buffer.concat([bytes.subarray(0, at + random(64)), bytes.subarray(at)])
  },
]

/** A copy with one to three faults. */
export function mutate(original: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(original)
  for (let left = 1 + random(3); left > 0 && bytes.length > 0; left -= 1) {
    bytes = Buffer.from(mutations[random(mutations.length)]?.(bytes, random) ?? bytes)
  }
  return bytes
}
