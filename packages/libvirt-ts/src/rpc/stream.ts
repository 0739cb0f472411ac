/**
 * A stream inside a channel: raw packets under the serial of the call that opened it. Either side ends it: an empty
 * packet says that there is nothing more to read, `finish` and `abort` are agreed by an answer. There is no flow
 * control: whoever shares a channel with a stream shares its fate, so consoles and large transfers have their own.
 */
import { AbortedError, ProtocolError } from '../errors.ts'
import { decode, decodeError } from './decode.ts'
import type { Frame, FrameHeader } from './frame.ts'
import { messageStatuses, messageTypes } from './limits.ts'
import { streamHole } from './shapes.ts'
import { XdrWriter } from './xdr.ts'

/** Who hears the stream. After `onEof` or `onError` nothing more comes. */
export interface StreamSink {
  /** A view into what was received: copy what you keep. */
  onData(chunk: Buffer): void
  /** A run of zeros that was not sent; only in streams that asked for holes: in others one breaks the connection. */
  onHole?(lengthBytes: number): void
  /** The daemon has nothing more to read; writing may still be possible. */
  onEof(): void
  onError(error: Error): void
}

export interface StreamPort {
  send(header: FrameHeader, payload: Uint8Array): void
  drained(): Promise<void>
  release(): void
}

interface StreamProcedure {
  readonly program: number
  readonly number: number
  readonly name: string
}

const empty = new Uint8Array(0)

/**
 * Most bytes in one packet. Every daemon takes 262120 (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX), and pays for it: with
 * pieces of 64 KiB libvirtd 9.0 needed less than half of the processor time. The likely reason, not traced: buffers of
 * more than 128 KiB (M_MMAP_THRESHOLD in mallopt(3)) come from the system as new, empty pages each time.
 */
const packetBytes = 64 << 10

export class RpcStream {
  readonly #procedure: StreamProcedure
  readonly #serial: number
  readonly #sink: StreamSink
  readonly #port: StreamPort
  /** `open`; `ending`: finish or abort is under way; `done`: the daemon has agreed, or the stream failed. */
  #phase: 'open' | 'ending' | 'done' = 'open'
  #isAbandoned = false
  #hasSentHole = false
  #error: Error | undefined
  #waiter: { resolve(): void; reject(error: Error): void } | undefined

  constructor(procedure: StreamProcedure, serial: number, sink: StreamSink, port: StreamPort) {
    this.#procedure = procedure
    this.#serial = serial
    this.#sink = sink
    this.#port = port
  }

  /** Sends bytes, in packets that every daemon takes. Resolves when the next bytes may follow. */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += packetBytes) {
      if (this.#phase !== 'open') throw this.#error ?? new ProtocolError('the stream has ended')
      this.#send('VIR_NET_CONTINUE', data.subarray(at, at + packetBytes))
      await this.#port.drained()
    }
    if (this.#error !== undefined) throw this.#error
  }

  /** Sends zeros as their number. Resolves when the next bytes may follow. */
  async writeHole(lengthBytes: number): Promise<void> {
    if (this.#phase !== 'open') throw this.#error ?? new ProtocolError('the stream has ended')
    const writer = new XdrWriter()
    streamHole.write(writer, { length: lengthBytes, flags: 0 })
    this.#hasSentHole = true
    this.#send('VIR_NET_CONTINUE', writer.finish(), 'VIR_NET_STREAM_HOLE')
    await this.#port.drained()
  }

  /** Says that all is sent or read, and waits for the daemon's word that it has kept everything. */
  finish(signal?: AbortSignal): Promise<void> {
    return this.#conclude('VIR_NET_OK', signal)
  }

  /** Gives up; resolves when the daemon has let go. Does nothing where the stream is over. */
  async abort(signal?: AbortSignal): Promise<void> {
    if (this.#phase !== 'open') return
    await this.#conclude('VIR_NET_ERROR', signal)
  }

  /** The opening call was aborted: swallow what comes, and end the stream once the daemon has opened it. */
  abandon(): void {
    this.#isAbandoned = true
  }

  /**
   * The answer to an opening call that was aborted, or to a hole: libvirtd answers packets with packets, but a hole that
   * it cannot make as if it had been a call (`virNetServerProgramSendReplyError` in libvirt's source).
   */
  lateReply(frame: Frame): void {
    if (this.#hasSentHole && frame.status === messageStatuses.VIR_NET_ERROR) {
      return this.fail(decodeError(frame.payload, this.#procedure.name))
    }
    if (!this.#isAbandoned) throw new ProtocolError(`a second answer to ${this.#procedure.name}`)
    if (frame.status === messageStatuses.VIR_NET_OK && this.#phase === 'open') {
      void this.abort().catch(() => undefined)
    } else {
      this.#over()
    }
  }

  receive(frame: Frame): void {
    if (frame.program !== this.#procedure.program || frame.procedure !== this.#procedure.number) {
      throw new ProtocolError(`a packet for the stream of ${this.#procedure.name} belongs to ${frame.procedure}`)
    }
    switch (frame.status) {
      case messageStatuses.VIR_NET_CONTINUE:
        return frame.type === messageTypes.VIR_NET_STREAM_HOLE ? this.#hole(frame.payload) : this.#data(frame.payload)
      case messageStatuses.VIR_NET_OK:
        return this.#agreed()
      case messageStatuses.VIR_NET_ERROR:
        return this.fail(decodeError(frame.payload, this.#procedure.name))
      default:
        throw new ProtocolError(`a stream packet has the status ${frame.status}`)
    }
  }

  /** The stream is broken, by the daemon's error or with its channel. */
  fail(error: Error): void {
    if (this.#phase === 'done') return
    const isHeard = this.#phase === 'open' && !this.#isAbandoned
    this.#error = error
    this.#over()
    this.#waiter?.reject(error)
    if (isHeard) this.#sink.onError(error)
  }

  #data(payload: Buffer): void {
    if (this.#isAbandoned || this.#phase !== 'open') return
    if (payload.length === 0) this.#sink.onEof()
    else this.#sink.onData(payload)
  }

  #hole(payload: Buffer): void {
    const { length, flags } = decode(streamHole, payload)
    if (this.#sink.onHole === undefined) throw new ProtocolError('a hole in a stream that asked for none')
    if (!Number.isSafeInteger(length) || length <= 0) throw new ProtocolError(`a hole of ${length} bytes`)
    if (flags !== 0) throw new ProtocolError(`a hole with the flags ${flags}, whose meaning is not known`)
    if (!this.#isAbandoned && this.#phase === 'open') this.#sink.onHole(length)
  }

  #agreed(): void {
    if (this.#phase !== 'ending') throw new ProtocolError('the daemon ended a stream that nobody had ended')
    this.#over()
    this.#waiter?.resolve()
  }

  #over(): void {
    this.#phase = 'done'
    this.#port.release()
  }

  async #conclude(status: 'VIR_NET_OK' | 'VIR_NET_ERROR', signal: AbortSignal | undefined): Promise<void> {
    if (this.#error !== undefined) throw this.#error
    if (this.#phase !== 'open') throw new ProtocolError('the stream has ended already')
    const what = `the end of ${this.#procedure.name}`
    if (signal?.aborted === true) throw new AbortedError(what, signal.reason)
    this.#phase = 'ending'
    let onAbort = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiter = { resolve, reject }
        onAbort = () => reject(new AbortedError(what, signal?.reason))
        signal?.addEventListener('abort', onAbort)
        // Last: over a stream inside this process the answer may come before this returns.
        this.#send(status, empty)
      })
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #send(
    status: keyof typeof messageStatuses,
    payload: Uint8Array,
    type: 'VIR_NET_STREAM' | 'VIR_NET_STREAM_HOLE' = 'VIR_NET_STREAM',
  ): void {
    this.#port.send(
      {
        program: this.#procedure.program,
        version: 1,
        procedure: this.#procedure.number,
        type: messageTypes[type],
        serial: this.#serial,
        status: messageStatuses[status],
      },
      payload,
    )
  }
}
