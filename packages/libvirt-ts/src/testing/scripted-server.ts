/**
 * A libvirt daemon that says what a test tells it to: real frames over a real byte stream, no libvirt behind it.
 * What is not scripted is answered as a daemon would that does not know the procedure.
 *
 *     const server = new ScriptedServer()
 *     server.handle('connectGetHostname', () => ({ hostname: 'node1' }))
 *     const connection = await connect('test:///default', { dialer: server.dialer })
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { LibvirtError } from '../errors.ts'
import type { ErrorCodeName } from '../errors.ts'
import { errorCodes, errorDomains } from '../rpc/error-codes.ts'
import { events } from '../rpc/events.ts'
import type { EventMessage } from '../rpc/events.ts'
import type { Procedure } from '../rpc/shapes.ts'
import type { procedures } from '../rpc/procedures.ts'
import type { ValueOf } from '../rpc/codec.ts'
import type { Dialer } from '../transport/dialer.ts'
import { ScriptedConnection } from './scripted-connection.ts'
import type { ScriptedStream } from './scripted-connection.ts'
import type { RawReply } from './raw-reply.ts'
import { streamPair } from './stream-pair.ts'

/** Our names of the calls; libvirt's own follow from them (`domainGetXml` is `REMOTE_PROC_DOMAIN_GET_XML_DESC`). */
export type ProcedureName = keyof typeof procedures
/** What a call carries, in the names of libvirt's protocol. */
export type ArgsOf<N extends ProcedureName> = (typeof procedures)[N] extends Procedure<infer A, infer _R> ? A : never
/** What its answer carries, in the names of libvirt's protocol. */
export type ResultOf<N extends ProcedureName> = (typeof procedures)[N] extends Procedure<infer _A, infer R> ? R : never

/** Where a call came from. */
export interface ScriptedCall {
  readonly connection: ScriptedConnection
  /** For the procedures that open a stream. What is sent waits for the answer. */
  readonly stream: ScriptedStream
}

/** Answers a call; throwing a LibvirtError (see {@link fault}) answers with that error. */
export type Handler<N extends ProcedureName> = (
  args: ArgsOf<N>,
  call: ScriptedCall,
) => ResultOf<N> | RawReply | Promise<ResultOf<N> | RawReply>

/** A call that came. */
export interface RecordedCall {
  readonly name: ProcedureName
  readonly args: unknown
}

/** @internal */
export type AnyHandler = (args: never, call: ScriptedCall) => unknown

/** An error as the daemon would send it. */
export function fault(
  codeName: ErrorCodeName,
  message: string,
  domain: keyof typeof errorDomains = 'test',
): LibvirtError {
  return new LibvirtError({
    code: errorCodes[codeName],
    domain: errorDomains[domain],
    message,
    level: 2,
    int1: -1,
    int2: -1,
  })
}

/** The daemon. One serves any number of connections; close it where it listens. */
export class ScriptedServer {
  /** Every call that came, in order, connections mixed. */
  readonly calls: RecordedCall[] = []
  /** The connections that are open now. */
  readonly connections = new Set<ScriptedConnection>()
  /** False: a daemon that has stopped answering pings. */
  isAnsweringPings = true
  readonly #handlers = new Map<ProcedureName, AnyHandler>()
  readonly #waiters = new Set<() => void>()
  #listener: { readonly server: Server; readonly folder: string | undefined } | undefined

  constructor() {
    this.handle('authList', () => ({ types: [0] }))
    this.handle('connectSupportsFeature', () => ({ supported: 1 }))
    this.handle('connectOpen', () => undefined)
    this.handle('domainEventRegister', () => ({ callbackID: 1 }))
    this.handle('domainEventDeregister', () => undefined)
  }

  /** Reaches this server without any socket. */
  readonly dialer: Dialer = {
    dial: () => {
      const [near, far] = streamPair()
      this.#accept(far)
      return Promise.resolve(near)
    },
  }

  /** Scripts the answer to a procedure; a second script replaces the first. */
  handle<N extends ProcedureName>(name: N, handler: Handler<N>): this {
    this.#handlers.set(name, handler)
    return this
  }

  /** @internal */
  handlerOf(name: ProcedureName): AnyHandler | undefined {
    return this.#handlers.get(name)
  }

  /** @internal */
  record(call: RecordedCall): void {
    this.calls.push(call)
    for (const check of [...this.#waiters]) check()
  }

  /** Resolves when `count` calls of a procedure have come. */
  seen(name: ProcedureName, count = 1): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.calls.filter((call) => call.name === name).length < count) return
        this.#waiters.delete(check)
        resolve()
      }
      this.#waiters.add(check)
      check()
    })
  }

  /** Sends an event to all connections. */
  emit<N extends keyof typeof events>(name: N, message: ValueOf<(typeof events)[N]['message']>): void {
    const event = events[name] as unknown as EventMessage<typeof message>
    for (const connection of this.connections) connection.sendEvent(event, message)
  }

  /** Also listens at a real socket (a named pipe on Windows), and gives the URI that leads there. */
  async listen(): Promise<string> {
    const isWindows = process.platform === 'win32'
    const folder = isWindows ? undefined : await mkdtemp(join(tmpdir(), 'libvirt-ts-'))
    const path = folder === undefined ? `\\\\.\\pipe\\libvirt-ts-${process.pid}-${Date.now()}` : join(folder, 'sock')
    const server = createServer((socket) => this.#accept(socket))
    this.#listener = { server, folder }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    return `test+unix:///default?socket=${encodeURIComponent(path)}`
  }

  /** Drops every connection without a word, as a daemon that is killed. */
  breakConnections(): void {
    for (const connection of [...this.connections]) connection.destroy()
  }

  /** Drops all connections and stops listening. */
  async close(): Promise<void> {
    this.breakConnections()
    const listener = this.#listener
    this.#listener = undefined
    if (listener === undefined) return
    await new Promise<void>((resolve) => listener.server.close(() => resolve()))
    if (listener.folder !== undefined) await rm(listener.folder, { recursive: true, force: true })
  }

  /** As {@link ScriptedServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(socket: Duplex): void {
    const connection = new ScriptedConnection(this, socket)
    this.connections.add(connection)
    socket.on('close', () => this.connections.delete(connection))
  }
}
