/**
 * One byte stream to a daemon: calls and their answers, streams, events, keepalive. When the bytes end, everybody
 * who waits is released with the same error.
 */
import { setMaxListeners } from 'node:events'
import type { Duplex } from 'node:stream'
import { AbortedError, ConnectionError, ProtocolError } from '../errors.ts'
import type { AnyCodec, Codec } from './codec.ts'
import { decode, decodeError } from './decode.ts'
import { FrameReader, headerBytes, writeHeader } from './frame.ts'
import type { Frame, FrameHeader } from './frame.ts'
import { Keepalive } from './keepalive.ts'
import type { KeepaliveSettings } from './keepalive.ts'
import { messageStatuses, messageTypes, programs } from './limits.ts'
import { connectCalls } from './calls/connect.ts'
import type { Procedure } from './shapes.ts'
import { RpcStream } from './stream.ts'
import type { StreamSink } from './stream.ts'
import { isAboutProcedure, unknownProcedure, versionText } from './unknown-procedure.ts'
import { XdrWriter } from './xdr.ts'

/**
 * How many calls may be under way at once. libvirtd reads no further once five of a client's calls are
 * (`max_client_requests`), keepalive and streams included; with four it keeps reading. The others wait here, where
 * an abort can still take them back.
 */
const maxCallsUnderWay = 4

/** What is needed of a procedure to understand its answer. */
type Answerable = Pick<Procedure<unknown, unknown>, 'program' | 'number' | 'name'> & { readonly result: AnyCodec }

interface PendingCall {
  readonly procedure: Answerable
  readonly serial: number
  readonly bytes: Buffer
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export interface CallSettings {
  readonly signal?: AbortSignal | undefined
}

type EventHandler = (payload: Buffer) => void

export class RpcChannel {
  /** Resolves once with what broke the channel, or undefined after our own close. Never rejects. */
  readonly closed: Promise<Error | undefined>

  readonly #socket: Duplex
  readonly #reader = new FrameReader()
  readonly #pending = new Map<number, PendingCall>()
  readonly #streams = new Map<number, RpcStream>()
  readonly #events = new Map<string, EventHandler>()
  readonly #keepalive: Keepalive
  readonly #writers: (() => void)[] = []
  #queue: PendingCall[] = []
  #serial = 0
  #end: { readonly error: ConnectionError | ProtocolError } | undefined
  #resolveClosed: (error: Error | undefined) => void = () => undefined

  constructor(socket: Duplex) {
    this.#socket = socket
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve))
    this.#keepalive = new Keepalive({
      send: (header, onTaken) => this.#write(writeHeader(Buffer.allocUnsafe(headerBytes), header), onTaken),
      onDead: (error) => this.#fail(error, error),
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (cause: Error) => {
      // A transport that knows better says it in our own words.
      if (cause instanceof ConnectionError) this.#fail(cause, cause)
      else this.#lost('the connection to libvirt broke', cause)
    })
    socket.on('end', () => this.#lost('the daemon closed the connection'))
    socket.on('close', () => this.#lost('the connection to libvirt was closed'))
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** Calls and waits for the answer. See the public API for what an abort means. */
  call<A, R>(procedure: Procedure<A, R>, args: A, settings: CallSettings = {}): Promise<R> {
    return this.#start(procedure, args, settings, this.#nextSerial())
  }

  /** A call that opens a stream: resolves once the daemon has agreed. The sink hears everything from then on. */
  async openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    sink: StreamSink,
    settings: CallSettings = {},
  ): Promise<{ readonly result: R; readonly stream: RpcStream }> {
    const serial = this.#nextSerial()
    const stream = new RpcStream(procedure, serial, sink, {
      send: (header, payload) => this.#send(header, payload),
      drained: () => this.#drained(),
      release: () => void this.#streams.delete(serial),
    })
    this.#streams.set(serial, stream)
    try {
      return { result: await this.#start(procedure, args, settings, serial), stream }
    } catch (error) {
      // After an abort the daemon may still open the stream: it is told to end it when its answer comes.
      if (error instanceof AbortedError && this.isOpen) stream.abandon()
      else this.#streams.delete(serial)
      throw error
    }
  }

  /** One handler per kind of event. */
  onEvent<M>(event: { program: number; number: number; message: Codec<M> }, handler: (message: M) => void): void {
    this.#events.set(`${event.program}/${event.number}`, (payload) => {
      handler(decode(event.message, payload))
    })
  }

  startKeepalive(settings: KeepaliveSettings): void {
    if (this.isOpen) this.#keepalive.start(settings)
  }

  /** Stops reading: everything on this channel waits, and so does the daemon's writer. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Releases all who wait, then ends the byte stream. Does not wait for a peer that does not answer. */
  async close(): Promise<void> {
    if (this.#end === undefined) {
      this.#release(new ConnectionError('closed', 'the connection was closed'), undefined)
      this.#socket.end()
      this.#socket.resume()
    }
    await closedWithin(this.#socket, closeGraceMs)
  }

  /** One call; where the daemon does not know it, the error says which version it is. */
  async #start<A, R>(procedure: Procedure<A, R>, args: A, settings: CallSettings, serial: number): Promise<R> {
    try {
      return await this.#exchange(procedure, args, settings, serial)
    } catch (error) {
      if (!isAboutProcedure(error, procedure)) throw error
      const version = this.#exchange(connectCalls.connectGetLibVersion, undefined, settings, this.#nextSerial())
      const server = await version.then(({ lib_ver }) => versionText(lib_ver)).catch(() => undefined)
      throw unknownProcedure(error, procedure, server)
    }
  }

  #exchange<A, R>(procedure: Procedure<A, R>, args: A, settings: CallSettings, serial: number): Promise<R> {
    const { signal } = settings
    const what = `the libvirt call ${procedure.name}`
    return new Promise<R>((resolve, reject) => {
      if (signal?.aborted === true) return reject(new AbortedError(what, signal.reason))
      if (this.#end !== undefined) return reject(this.#end.error)
      const onAbort = (): void => {
        this.#forget(serial)
        reject(new AbortedError(what, signal?.reason))
      }
      const call: PendingCall = {
        procedure,
        serial,
        bytes: encodeCall(procedure, args, serial),
        resolve: (value) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(value as R)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      if (signal !== undefined) {
        // As many calls as one likes hang on one signal; Node would take the eleventh for a leak and warn on stderr.
        setMaxListeners(0, signal)
        signal.addEventListener('abort', onAbort)
      }
      this.#queue.push(call)
      this.#pump()
    })
  }

  #forget(serial: number): void {
    this.#pending.delete(serial)
    this.#queue = this.#queue.filter((call) => call.serial !== serial)
    this.#pump()
  }

  #pump(): void {
    while (this.#pending.size < maxCallsUnderWay) {
      const call = this.#queue.shift()
      if (call === undefined) return
      this.#pending.set(call.serial, call)
      this.#write(call.bytes)
    }
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial % 0xffffffff) + 1
    while (this.#pending.has(this.#serial) || this.#streams.has(this.#serial))
    return this.#serial
  }

  #write(bytes: Buffer, onTaken?: () => void): void {
    if (this.#end === undefined) this.#socket.write(bytes, onTaken)
  }

  #send(header: FrameHeader, payload: Uint8Array): void {
    if (this.#end !== undefined) throw this.#end.error
    this.#socket.cork()
    this.#socket.write(writeHeader(Buffer.allocUnsafe(headerBytes), header, payload.length))
    if (payload.length > 0) this.#socket.write(payload, () => this.#wrote())
    this.#socket.uncork()
  }

  /** Resolves when so little waits that more may be written, or the channel has ended. */
  async #drained(): Promise<void> {
    if (this.#socket.writableLength < writeAheadBytes || this.#end !== undefined) return
    await new Promise<void>((resolve) => this.#writers.push(resolve))
  }

  /** Not the stream's own 'drain', which comes only when nothing is left: the line would stand idle for a while. */
  #wrote(): void {
    if (this.#socket.writableLength >= writeAheadBytes && this.#end === undefined) return
    for (const resolve of this.#writers.splice(0)) resolve()
  }

  #receive(chunk: Buffer): void {
    if (this.#end !== undefined) return
    this.#keepalive.heard()
    try {
      this.#reader.push(chunk, (frame) => {
        if (this.#end === undefined) this.#dispatch(frame)
      })
    } catch (error) {
      const fault =
        error instanceof ProtocolError ? error : new ProtocolError('a message cannot be read', { cause: error })
      this.#fail(fault, fault)
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.program === programs.KEEPALIVE_PROGRAM) return this.#keepalive.receive(frame)
    switch (frame.type) {
      case messageTypes.VIR_NET_REPLY:
        return this.#reply(frame)
      case messageTypes.VIR_NET_STREAM:
      case messageTypes.VIR_NET_STREAM_HOLE:
        return this.#streams.get(frame.serial)?.receive(frame)
      case messageTypes.VIR_NET_MESSAGE:
        return this.#events.get(`${frame.program}/${frame.procedure}`)?.(frame.payload)
      default:
        throw new ProtocolError(`a message of type ${frame.type} is not one that a daemon sends`)
    }
  }

  /** An answer nobody waits for belongs to an aborted call, and is dropped. */
  #reply(frame: Frame): void {
    const call = this.#pending.get(frame.serial)
    if (call === undefined) return this.#streams.get(frame.serial)?.lateReply(frame)
    const { procedure } = call
    if (frame.program !== procedure.program || frame.procedure !== procedure.number) {
      throw new ProtocolError(`the answer to ${procedure.name} says that it answers procedure ${frame.procedure}`)
    }
    this.#pending.delete(frame.serial)
    try {
      if (frame.status === messageStatuses.VIR_NET_OK) call.resolve(decode(procedure.result, frame.payload))
      else if (frame.status === messageStatuses.VIR_NET_ERROR) call.reject(decodeError(frame.payload, procedure.name))
      else throw new ProtocolError(`the answer to ${procedure.name} has the status ${frame.status}`)
    } catch (error) {
      call.reject(error instanceof Error ? error : new ProtocolError(String(error)))
    }
    this.#pump()
  }

  #lost(message: string, cause?: Error): void {
    const error = new ConnectionError('lost', message, {
      cause,
      hint: 'The daemon may have been restarted: connect again. Guests go on running.',
    })
    this.#fail(error, error)
  }

  #fail(error: ConnectionError | ProtocolError, why: Error): void {
    if (this.#end !== undefined) return
    this.#release(error, why)
    this.#socket.destroy()
  }

  #release(error: ConnectionError | ProtocolError, why: Error | undefined): void {
    this.#end = { error }
    this.#keepalive.stop()
    const waiting = [...this.#pending.values(), ...this.#queue]
    this.#pending.clear()
    this.#queue = []
    for (const call of waiting) call.reject(error)
    for (const stream of [...this.#streams.values()]) stream.fail(error)
    this.#streams.clear()
    this.#wrote()
    this.#resolveClosed(why)
  }
}

/** Stream data that may wait in our memory before the writer has to. */
const writeAheadBytes = 1 << 20

const closeGraceMs = 1000

/** Waits for the peer to close its side, and does without where it does not. */
async function closedWithin(socket: Duplex, graceMs: number): Promise<void> {
  if (socket.closed) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => socket.destroy(), graceMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function encodeCall<A, R>(procedure: Procedure<A, R>, args: A, serial: number): Buffer {
  const writer = new XdrWriter(headerBytes)
  procedure.args.write(writer, args)
  return writeHeader(writer.finish(), {
    program: procedure.program,
    version: 1,
    procedure: procedure.number,
    type: messageTypes.VIR_NET_CALL,
    serial,
    status: messageStatuses.VIR_NET_OK,
  })
}
