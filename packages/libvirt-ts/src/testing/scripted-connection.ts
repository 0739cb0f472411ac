/** The server's side of one connection. */
import type { Duplex } from 'node:stream'
import { LibvirtError } from '../errors.ts'
import type { AnyCodec, Codec } from '../rpc/codec.ts'
import { errorCodes } from '../rpc/error-codes.ts'
import { FrameReader, headerBytes, writeHeader } from '../rpc/frame.ts'
import type { Frame, FrameHeader } from '../rpc/frame.ts'
import { keepaliveProcedures, messageStatuses, messageTypes, programs } from '../rpc/limits.ts'
import { errorStruct, streamHole } from '../rpc/shapes.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import { XdrReader, XdrWriter } from '../rpc/xdr.ts'
import { RawReply } from './raw-reply.ts'
import type { ProcedureName, ScriptedServer } from './scripted-server.ts'

const byNumber = new Map<string, { readonly name: ProcedureName; readonly procedure: Procedure<unknown, unknown> }>(
  Object.entries(procedures).map(([name, procedure]) => [
    `${procedure.program}/${procedure.number}`,
    { name: name as ProcedureName, procedure },
  ]),
)

/** The daemon's side of one connection. */
export class ScriptedConnection {
  /** Keepalive questions that the client asked. */
  pings = 0
  /** Answers to our questions. */
  pongs = 0
  readonly #server: ScriptedServer
  readonly #socket: Duplex
  readonly #reader = new FrameReader()
  readonly #streams = new Map<number, ScriptedStream>()

  constructor(server: ScriptedServer, socket: Duplex) {
    this.#server = server
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#reader.push(chunk, (frame) => this.#receive(frame)))
    socket.on('error', () => socket.destroy())
  }

  /** Bytes as they are, for what no honest daemon sends. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** @internal */
  sendFrame(header: FrameHeader, payload: Uint8Array = new Uint8Array(0)): void {
    if (this.#socket.destroyed) return
    this.#socket.write(Buffer.concat([writeHeader(Buffer.alloc(headerBytes), header, payload.length), payload]))
  }

  /** @internal */
  sendEvent<M>(event: { program: number; number: number; message: Codec<M> }, message: M): void {
    const { VIR_NET_MESSAGE } = messageTypes
    const header = {
      program: event.program,
      version: 1,
      procedure: event.number,
      type: VIR_NET_MESSAGE,
      serial: 0,
      status: 0,
    }
    this.sendFrame(header, encode(event.message, message))
  }

  /** Asks the client whether it lives. */
  ping(): void {
    this.#keepalive('KEEPALIVE_PROC_PING')
  }

  /** Calls `next` for as long as it says true, and no faster than the client takes what is sent. */
  sendWhileTaken(next: () => boolean): void {
    while (!this.#socket.writableNeedDrain) if (this.#socket.destroyed || !next()) return
    this.#socket.once('drain', () => this.sendWhileTaken(next))
  }

  /** Stops taking what the client sends, as a daemon that hangs. */
  pause(): void {
    this.#socket.pause()
  }

  /** Takes again what the client sends. */
  resume(): void {
    this.#socket.resume()
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Ends in order, as a daemon that is stopped. */
  end(): void {
    this.#socket.end()
  }

  #receive(frame: Frame): void {
    if (frame.program === programs.KEEPALIVE_PROGRAM) return this.#receiveKeepalive(frame)
    const { VIR_NET_STREAM, VIR_NET_STREAM_HOLE } = messageTypes
    if (frame.type === VIR_NET_STREAM || frame.type === VIR_NET_STREAM_HOLE)
      return this.#streams.get(frame.serial)?.receive(frame)
    void this.#answer(frame)
  }

  #receiveKeepalive(frame: Frame): void {
    if (frame.procedure === keepaliveProcedures.KEEPALIVE_PROC_PONG) this.pongs += 1
    else {
      this.pings += 1
      if (this.#server.isAnsweringPings) this.#keepalive('KEEPALIVE_PROC_PONG')
    }
  }

  #keepalive(procedure: keyof typeof keepaliveProcedures): void {
    const { VIR_NET_MESSAGE } = messageTypes
    const number = keepaliveProcedures[procedure]
    this.sendFrame({
      program: programs.KEEPALIVE_PROGRAM,
      version: 1,
      procedure: number,
      type: VIR_NET_MESSAGE,
      serial: 0,
      status: 0,
    })
  }

  async #answer(frame: Frame): Promise<void> {
    const reply = { ...frame, type: messageTypes.VIR_NET_REPLY }
    const known = byNumber.get(`${frame.program}/${frame.procedure}`)
    const handler = known && this.#server.handlerOf(known.name)
    const stream = new ScriptedStream(frame, (header, payload) => this.sendFrame(header, payload))
    try {
      if (known === undefined) throw unknownProcedure(frame)
      const args = known.procedure.args.read(new XdrReader(Buffer.from(frame.payload)))
      this.#streams.set(frame.serial, stream)
      this.#server.record({ name: known.name, args })
      if (handler === undefined) throw unknownProcedure(frame)
      const result = await handler(args as never, { connection: this, stream })
      if (result instanceof RawReply) this.sendFrame({ ...reply, status: result.status }, result.payload)
      else this.sendFrame({ ...reply, status: messageStatuses.VIR_NET_OK }, encode(known.procedure.result, result))
      stream.open()
    } catch (error) {
      this.#streams.delete(frame.serial)
      this.sendFrame({ ...reply, status: messageStatuses.VIR_NET_ERROR }, encodeError(error))
    }
  }
}

/** The daemon's end of a stream. */
export class ScriptedStream {
  /** All that the client has sent. */
  readonly received: Buffer[] = []
  /** How the client ended it. */
  readonly ended: Promise<'finish' | 'abort'>
  /** Refuses the client's end with this error, instead of agreeing. */
  refusal: LibvirtError | undefined
  /** False: a daemon that never agrees to the end. */
  isAgreeing = true
  /** Called for each packet, for instance to echo. */
  onData: (data: Buffer) => void = () => undefined
  /** Called for each run of zeros that was sent as its number. */
  onHole: (lengthBytes: number) => void = () => undefined
  readonly #header: FrameHeader
  readonly #send: (header: FrameHeader, payload?: Uint8Array) => void
  #waiting: (() => void)[] | undefined = []
  #resolveEnded: (how: 'finish' | 'abort') => void = () => undefined

  constructor(call: FrameHeader, send: (header: FrameHeader, payload?: Uint8Array) => void) {
    const { program, version, procedure, serial } = call
    this.#header = { program, version, procedure, serial, type: messageTypes.VIR_NET_STREAM, status: 0 }
    this.#send = send
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
  }

  /** One packet; waits for the answer to the call. */
  send(data: Uint8Array): void {
    this.#later(() => this.#send({ ...this.#header, status: messageStatuses.VIR_NET_CONTINUE }, data))
  }

  /** A run of zeros as its number, or bytes as they are, for holes that no honest daemon sends. */
  sendHole(hole: number | RawReply): void {
    const payload = hole instanceof RawReply ? hole.payload : encode(streamHole, { length: hole, flags: 0 })
    const status = hole instanceof RawReply ? hole.status : messageStatuses.VIR_NET_CONTINUE
    this.#later(() => this.#send({ ...this.#header, type: messageTypes.VIR_NET_STREAM_HOLE, status }, payload))
  }

  /** Answers the call a second time, with an error, as libvirtd answers a hole that it cannot make. */
  refuseHole(error: LibvirtError): void {
    const header = { ...this.#header, type: messageTypes.VIR_NET_REPLY, status: messageStatuses.VIR_NET_ERROR }
    this.#later(() => this.#send(header, encodeError(error)))
  }

  /** There is nothing more to read. */
  end(): void {
    this.send(new Uint8Array(0))
  }

  /** Ends the stream with an error. */
  fail(error: LibvirtError): void {
    this.#later(() => this.#send({ ...this.#header, status: messageStatuses.VIR_NET_ERROR }, encodeError(error)))
  }

  /** The answer to the call is out: what waited follows. */
  open(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const act of waiting) act()
  }

  /** @internal */
  receive(frame: Frame): void {
    if (frame.type === messageTypes.VIR_NET_STREAM_HOLE) {
      return this.onHole(streamHole.read(new XdrReader(frame.payload)).length)
    }
    if (frame.status === messageStatuses.VIR_NET_CONTINUE) {
      const data = Buffer.from(frame.payload)
      this.received.push(data)
      return this.onData(data)
    }
    this.#resolveEnded(frame.status === messageStatuses.VIR_NET_OK ? 'finish' : 'abort')
    if (this.refusal !== undefined) this.fail(this.refusal)
    else if (this.isAgreeing) this.#send({ ...this.#header, status: messageStatuses.VIR_NET_OK })
  }

  #later(act: () => void): void {
    if (this.#waiting === undefined) act()
    else this.#waiting.push(act)
  }
}

function encode(codec: AnyCodec, value: unknown): Buffer {
  const writer = new XdrWriter()
  codec.write(writer, value as never)
  return writer.finish()
}

function unknownProcedure(frame: FrameHeader): LibvirtError {
  const message = `unknown procedure: ${frame.procedure}`
  return new LibvirtError({ code: errorCodes.rpc, domain: 7, message, level: 2, int1: -1, int2: -1 })
}

function encodeError(error: unknown): Buffer {
  const base = { dom: undefined, net: undefined, str1: undefined, str2: undefined, str3: undefined }
  if (error instanceof LibvirtError) {
    const { code, domain, message, level, str1, str2, str3, int1, int2 } = error
    return encode(errorStruct, { ...base, code, domain, message, level, str1, str2, str3, int1, int2 })
  }
  const message = `internal error: ${String(error)}`
  return encode(errorStruct, {
    ...base,
    code: errorCodes['internal-error'],
    domain: 7,
    message,
    level: 2,
    int1: -1,
    int2: -1,
  })
}
