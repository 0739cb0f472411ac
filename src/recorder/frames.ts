/** What a recorder and its clients say to each other: a kind of one letter, a length, and that many bytes. */

/** From a client, then from the recorder. */
export const frameKinds = {
  /** JSON {@link Hello}; the first frame of each connection. Answered. */
  hello: 'h',
  /** JSON {@link HoldRequest}. Answered. */
  hold: 'o',
  /** Bytes to type. */
  input: 'i',
  /** The machine is about to be started: this boot's log begins here. Answered. */
  start: 's',
  /** End. Answered by the end of the connection. */
  end: 'e',
  /** JSON {@link Answer} to what was asked first and is not answered yet. */
  answer: 'a',
  /** Bytes from the guest. */
  data: 'd',
  /** JSON {@link PortReport}: when it changes, and first of all. */
  port: 'p',
  /** Somebody else holds the port from now on. */
  taken: 't',
} as const

export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds]

export interface Hello {
  readonly token: string
}

export interface HoldRequest {
  readonly force: boolean
}

export interface Answer {
  readonly isGranted: boolean
}

export interface PortReport {
  /** `absent` and `busy` are waits; `denied` stays so. */
  readonly state: 'connected' | 'absent' | 'busy' | 'denied'
  /** How often it was connected since the recorder began. */
  readonly connections: number
}

export interface Frame {
  readonly kind: string
  readonly content: Buffer
}

const headBytes = 5
/** More than any client of ours says at once; whoever says more is none. */
const longestContent = 1024 * 1024

export function frame(kind: FrameKind, content: Uint8Array | object = Buffer.alloc(0)): Buffer {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content))
  const head = Buffer.alloc(headBytes)
  head.write(kind, 'latin1')
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Puts frames together from pieces of any size; throws where what comes cannot be one. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  read(bytes: Buffer): readonly Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    while (this.#rest.length >= headBytes) {
      const end = headBytes + this.#rest.readUInt32BE(1)
      if (end > headBytes + longestContent) throw new Error('this is no frame of a recorder')
      if (this.#rest.length < end) break
      frames.push({ kind: this.#rest.toString('latin1', 0, 1), content: this.#rest.subarray(headBytes, end) })
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}

export function jsonOf({ content }: Frame): unknown {
  return JSON.parse(content.toString('utf8'))
}
