/**
 * XDR (RFC 4506) as libvirt uses it: big-endian, everything padded to four bytes. Readers never trust a length:
 * each is checked against its stated maximum and against the bytes that are really there before anything is made.
 */
import { ProtocolError } from '../errors.ts'

const initialBytes = 256

/** Grows as needed; one per message. */
export class XdrWriter {
  #buffer: Buffer
  #length: number

  /** `reserved`: bytes left free in front, for the frame's header. */
  constructor(reserved = 0) {
    this.#buffer = Buffer.allocUnsafe(Math.max(initialBytes, reserved))
    this.#length = reserved
  }

  get length(): number {
    return this.#length
  }

  int(value: number): void {
    const at = this.#grow(4)
    this.#buffer.writeInt32BE(value, at)
  }

  uint(value: number): void {
    const at = this.#grow(4)
    this.#buffer.writeUInt32BE(value, at)
  }

  hyper(value: bigint): void {
    const at = this.#grow(8)
    this.#buffer.writeBigInt64BE(value, at)
  }

  uhyper(value: bigint): void {
    const at = this.#grow(8)
    this.#buffer.writeBigUInt64BE(value, at)
  }

  double(value: number): void {
    const at = this.#grow(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  /** Bytes of a length that both sides know. */
  fixed(bytes: Uint8Array): void {
    const padded = (bytes.length + 3) & ~3
    const at = this.#grow(padded)
    this.#buffer.set(bytes, at)
    this.#buffer.fill(0, at + bytes.length, at + padded)
  }

  string(value: string, maxBytes: number): void {
    const size = Buffer.byteLength(value)
    if (size > maxBytes)
      throw new ProtocolError(`a string of ${size} bytes is more than libvirt's limit of ${maxBytes}`)
    this.uint(size)
    const padded = (size + 3) & ~3
    const at = this.#grow(padded)
    this.#buffer.write(value, at, size, 'utf8')
    this.#buffer.fill(0, at + size, at + padded)
  }

  /** What was written, including the reserved front. The writer is not used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length))
      larger.set(this.#buffer.subarray(0, at))
      this.#buffer = larger
    }
    return at
  }
}

export class XdrReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get remaining(): number {
    return this.#buffer.length - this.#at
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  uint(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  hyper(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  uhyper(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8))
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  /** A view, not a copy. */
  fixed(bytes: number): Buffer {
    const at = this.#take((bytes + 3) & ~3)
    return this.#buffer.subarray(at, at + bytes)
  }

  string(maxBytes: number): string {
    const size = this.uint()
    if (size > maxBytes) throw new ProtocolError(`a string claims ${size} bytes; libvirt's limit is ${maxBytes}`)
    return this.fixed(size).toString('utf8')
  }

  /** The number of elements of an array; each takes at least four bytes, so a lie is seen before anything is made. */
  count(max: number): number {
    const count = this.uint()
    if (count > max) throw new ProtocolError(`an array claims ${count} elements; libvirt's limit is ${max}`)
    if (count * 4 > this.remaining) {
      throw new ProtocolError(`an array claims ${count} elements where ${this.remaining} bytes are left`)
    }
    return count
  }

  isPresent(): boolean {
    const flag = this.uint()
    if (flag > 1) throw new ProtocolError(`an optional value is marked ${flag}, which is neither 0 nor 1`)
    return flag === 1
  }

  #take(bytes: number): number {
    const at = this.#at
    if (bytes > this.remaining) {
      throw new ProtocolError(`a value of ${bytes} bytes is cut short: ${this.remaining} bytes are left`)
    }
    this.#at += bytes
    return at
  }
}
