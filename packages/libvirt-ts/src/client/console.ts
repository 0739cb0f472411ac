/**
 * Consoles. Each has a connection of its own that is always read, because a reader that stops would freeze the
 * guest: what a slow consumer has not taken waits here up to a bound, and then the oldest bytes are dropped.
 */
import type { ConsoleEnd, ConsoleStream, OpenChannelOptions, OpenConsoleOptions } from '../api.ts'
import { ConnectionError, LibvirtClientError } from '../errors.ts'
import type { RpcChannel } from '../rpc/channel.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import type { RpcStream, StreamSink } from '../rpc/stream.ts'
import { ByteQueue } from './byte-queue.ts'
import type { DomainRef } from './domain-handle.ts'
import { flagsOf, notify } from './handles.ts'
import type { Client } from './handles.ts'

const defaultBufferBytes = 4 << 20

/** How long a close waits for the daemon to let go of the console before it just hangs up. */
const closeDeadlineMs = 2000

export function openConsole(client: Client, dom: DomainRef, options: OpenConsoleOptions): Promise<ConsoleStream> {
  const wanted = flagsOf([options.force, flags.VIR_DOMAIN_CONSOLE_FORCE], [options.safe, flags.VIR_DOMAIN_CONSOLE_SAFE])
  return open(client, procedures.domainOpenConsole, { dom, dev_name: options.device, flags: wanted }, options)
}

export function openChannel(
  client: Client,
  dom: DomainRef,
  name: string | undefined,
  options: OpenChannelOptions,
): Promise<ConsoleStream> {
  const wanted = flagsOf([options.force, flags.VIR_DOMAIN_CHANNEL_FORCE])
  return open(client, procedures.domainOpenChannel, { dom, name, flags: wanted }, options)
}

async function open<A>(
  client: Client,
  procedure: Procedure<A, void>,
  args: A,
  options: OpenChannelOptions,
): Promise<ConsoleStream> {
  const channel = await client.openChannel({ signal: options.signal, isWatched: true })
  try {
    const console = new RemoteConsole(channel, options)
    const { stream } = await channel.openStream(procedure, args, console.sink, options)
    console.attach(stream)
    return console
  } catch (error) {
    await channel.close()
    throw error
  }
}

class RemoteConsole implements ConsoleStream {
  readonly ended: Promise<ConsoleEnd>
  readonly sink: StreamSink
  readonly #channel: RpcChannel
  readonly #queue: ByteQueue
  #stream: RpcStream | undefined
  #closing: Promise<void> | undefined
  #isIterated = false
  #resolveEnded: (end: ConsoleEnd) => void = () => undefined

  constructor(channel: RpcChannel, options: OpenChannelOptions) {
    this.#channel = channel
    this.#queue = new ByteQueue(options.bufferBytes ?? defaultBufferBytes)
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    const { onData } = options
    this.sink = {
      onData: (chunk) => (onData === undefined ? this.#queue.push(chunk) : notify(onData, new Uint8Array(chunk))),
      onEof: () => void this.#finish({ reason: 'eof' }),
      onError: (error) => void this.#finish({ reason: 'error', error }),
    }
  }

  get droppedBytes(): number {
    return this.#queue.droppedBytes
  }

  attach(stream: RpcStream): void {
    this.#stream = stream
  }

  async write(data: Uint8Array | string): Promise<void> {
    if (this.#closing !== undefined || this.#stream === undefined) {
      throw new ConnectionError('closed', 'the console is closed')
    }
    await this.#stream.write(typeof data === 'string' ? Buffer.from(data) : data)
  }

  close(): Promise<void> {
    return this.#finish({ reason: 'closed' })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isIterated) throw new LibvirtClientError('this console has a reader already: only one can iterate')
    this.#isIterated = true
    yield* this.#queue
  }

  /** The first end counts; it is told only once the daemon has let go, so that the console can be opened again. */
  #finish(end: ConsoleEnd): Promise<void> {
    this.#closing ??= this.#hangUp().then(() => {
      this.#queue.end(end.error)
      this.#resolveEnded(end)
    })
    return this.#closing
  }

  async #hangUp(): Promise<void> {
    await this.#stream?.abort(AbortSignal.timeout(closeDeadlineMs)).catch(() => undefined)
    await this.#channel.close()
  }
}
