/**
 * Frames: a length word that counts itself, a header of six words, a payload. The reader keeps what has arrived and
 * nothing else: a length that lies makes no buffer, and one out of range ends the connection at once.
 */
import { ProtocolError } from '../errors.ts'
import { limits } from './limits.ts'

export interface FrameHeader {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly type: number
  readonly serial: number
  readonly status: number
}

export interface Frame extends FrameHeader {
  /** A view into what was received: copy what you keep. */
  readonly payload: Buffer
}

/** Length word and header: where a payload begins. */
export const headerBytes = limits.VIR_NET_MESSAGE_LEN_MAX + limits.VIR_NET_MESSAGE_HEADER_MAX

const maxFrameBytes = limits.VIR_NET_MESSAGE_LEN_MAX + limits.VIR_NET_MESSAGE_MAX

/** Writes length and header into the front of `buffer`, whose payload follows here and, if stated, elsewhere. */
export function writeHeader(buffer: Buffer, header: FrameHeader, payloadBytes = buffer.length - headerBytes): Buffer {
  const total = headerBytes + payloadBytes
  if (total > maxFrameBytes) {
    throw new ProtocolError(`a message of ${total} bytes is more than libvirt's limit of ${maxFrameBytes}`)
  }
  buffer.writeUInt32BE(total, 0)
  buffer.writeUInt32BE(header.program, 4)
  buffer.writeUInt32BE(header.version, 8)
  buffer.writeInt32BE(header.procedure, 12)
  buffer.writeInt32BE(header.type, 16)
  buffer.writeUInt32BE(header.serial, 20)
  buffer.writeInt32BE(header.status, 24)
  return buffer
}

function parseFrame(bytes: Buffer): Frame {
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    payload: bytes.subarray(headerBytes),
  }
}

/** A frame up to this size gets its buffer at once; a larger one only as its bytes really arrive. */
const trustedBytes = 1 << 20

/** Bytes in, frames out. What is held is at most twice what has arrived of one frame, or 1 MiB. */
export class FrameReader {
  /** The frame that is being received, or its length word; empty between frames. */
  #partial = Buffer.alloc(0)
  #held = 0
  /** Total length of the frame that is being received; 0 before its length word is complete. */
  #wanted = 0

  /** Bytes set aside for the frame that is not complete. */
  get reservedBytes(): number {
    return this.#partial.length
  }

  /** Calls `onFrame` for each frame that is complete now. Throws ProtocolError on a length that cannot be. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#held === 0 && rest.length >= limits.VIR_NET_MESSAGE_LEN_MAX) {
        const length = checkLength(rest.readUInt32BE(0))
        if (rest.length >= length) {
          onFrame(parseFrame(rest.subarray(0, length)))
          rest = rest.subarray(length)
          continue
        }
      }
      rest = this.#collect(rest, onFrame)
    }
  }

  /** Takes as much of `rest` as the frame in progress needs, and gives back what remains. */
  #collect(rest: Buffer, onFrame: (frame: Frame) => void): Buffer {
    const wanted = this.#wanted === 0 ? limits.VIR_NET_MESSAGE_LEN_MAX : this.#wanted
    const taken = rest.subarray(0, wanted - this.#held)
    this.#reserve(this.#held + taken.length, wanted)
    this.#partial.set(taken, this.#held)
    this.#held += taken.length
    if (this.#held === wanted && this.#wanted === 0) {
      this.#wanted = checkLength(this.#partial.readUInt32BE(0))
    } else if (this.#held === wanted) {
      const bytes = this.#partial
      this.#partial = Buffer.alloc(0)
      this.#held = 0
      this.#wanted = 0
      onFrame(parseFrame(bytes))
    }
    return rest.subarray(taken.length)
  }

  #reserve(needed: number, wanted: number): void {
    if (needed <= this.#partial.length) return
    const size = Math.min(wanted, Math.max(trustedBytes, needed, this.#partial.length * 2))
    const larger = Buffer.allocUnsafe(size)
    larger.set(this.#partial.subarray(0, this.#held))
    this.#partial = larger
  }
}

function checkLength(length: number): number {
  if (length < headerBytes || length > maxFrameBytes) {
    throw new ProtocolError(
      `a message claims ${length} bytes; between ${headerBytes} and ${maxFrameBytes} are possible`,
      { hint: 'Is this really libvirt at the other end? Check the socket in the URI.' },
    )
  }
  return length
}
