/**
 * Volume contents through streams. Large transfers have a connection of their own: the daemon reads and writes as
 * fast as the socket allows, and holding that socket back is the only brake there is.
 */
import type { CallOptions, Hole, Source, SparseTransferOptions, TransferOptions } from '../api.ts'
import { AbortedError, ProtocolError, TransferError } from '../errors.ts'
import type { RpcChannel } from '../rpc/channel.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import type { RpcStream, StreamSink } from '../rpc/stream.ts'
import { ByteQueue } from './byte-queue.ts'
import { flagsOf } from './handles.ts'
import type { Client } from './handles.ts'
import { SparseWriter } from './sparse-writer.ts'
import type { VolumeRef } from './volume.ts'

type Options = TransferOptions & Partial<SparseTransferOptions>

/** Up to here a download whose length is stated goes over the connection itself, which spares opening another. */
const smallDownloadBytes = 256 << 10

const highWaterBytes = 2 << 20
const lowWaterBytes = 512 << 10

/** How long an abort waits for the daemon to let go before it just hangs up. */
const abortDeadlineMs = 2000

export async function upload(
  client: Client,
  vol: VolumeRef,
  source: Source<Uint8Array | Hole>,
  options: Options,
): Promise<number> {
  const channel = await client.openChannel({ signal: options.signal, isWatched: false })
  const wanted = flagsOf([options.sparse, flags.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM])
  const args = { vol, offset: options.offsetBytes ?? 0, length: options.lengthBytes ?? 0, flags: wanted }
  const failure = new Failure()
  try {
    const { stream } = await channel.openStream(procedures.volumeUpload, args, failure.sink, options)
    try {
      const sent = await pump(stream, source, failure, options)
      await stream.finish(options.signal)
      return sent
    } catch (error) {
      await stream.abort(AbortSignal.timeout(abortDeadlineMs)).catch(() => undefined)
      throw error
    }
  } finally {
    await channel.close()
  }
}

/** Takes from the source and sends, until the source, the signal or the daemon ends it. */
async function pump(
  stream: RpcStream,
  source: Source<Uint8Array | Hole>,
  failure: Failure,
  options: Options,
): Promise<number> {
  const { lengthBytes, signal, onProgress } = options
  const sparse = options.sparse === true ? new SparseWriter(stream) : undefined
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  const onAbort = (): void => failure.tell(new AbortedError('the upload', signal?.reason))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  let sent = 0
  let isExhausted = false
  try {
    for (;;) {
      // A source that never gives its next chunk must not outlive an abort or a daemon's error.
      const next = await failure.unless(Promise.resolve(iterator.next()))
      isExhausted = next.done === true
      if (next.done === true) break
      sent += bytesIn(next.value, options)
      if (lengthBytes !== undefined && sent > lengthBytes) break
      await failure.unless((sparse ?? stream).write(next.value as Uint8Array))
      onProgress?.(sent)
    }
    if (sparse !== undefined) await failure.unless(sparse.finish())
  } finally {
    signal?.removeEventListener('abort', onAbort)
    if (!isExhausted) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
  checkLength(lengthBytes, sent)
  return sent
}

/** How many bytes a chunk stands for. A hole that is none must not reach the daemon, which would cut the volume off. */
function bytesIn(chunk: Uint8Array | Hole, { sparse }: Options): number {
  if (chunk instanceof Uint8Array) return chunk.length
  if (sparse !== true) throw new TypeError('the source of an upload gave a hole, which needs { sparse: true }')
  if (Number.isSafeInteger(chunk.holeBytes) && chunk.holeBytes >= 0) return chunk.holeBytes
  throw new RangeError(`the source of an upload gave a hole of ${chunk.holeBytes} bytes`)
}

function checkLength(stated: number | undefined, sent: number): void {
  if (stated === undefined || sent === stated) return
  const difference = sent < stated ? `only ${sent} bytes` : 'more bytes'
  throw new TransferError(`the source of the upload gave ${difference} where ${stated} were stated`, stated, sent)
}

/** The daemon's word that a stream has failed, or the caller's that it should, wherever one waits. */
class Failure {
  readonly sink: StreamSink = {
    onData: () => undefined,
    onEof: () => undefined,
    onError: (error) => this.tell(error),
  }
  #error: Error | undefined
  #reject: (error: Error) => void = () => undefined

  tell(error: Error): void {
    this.#error ??= error
    this.#reject(this.#error)
  }

  /**
   * What the work gives, or the failure where that is first. Not Promise.race: raced against one promise that lives
   * as long as the upload, every chunk would be kept as long.
   */
  unless<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject
      if (this.#error !== undefined) reject(this.#error)
      work.then(resolve, reject)
    })
  }
}

export async function* download(
  client: Client,
  vol: VolumeRef,
  options: Options,
): AsyncGenerator<Uint8Array | Hole, void, undefined> {
  const { lengthBytes, onProgress } = options
  const isSparse = options.sparse === true
  const wanted = flagsOf([isSparse, flags.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM])
  const args = { vol, offset: options.offsetBytes ?? 0, length: lengthBytes ?? 0, flags: wanted }
  if (lengthBytes === 0) return
  if (lengthBytes !== undefined && lengthBytes <= smallDownloadBytes && !isSparse) {
    const { data } = await receiveAll(client.channel, procedures.volumeDownload, args, lengthBytes, options)
    onProgress?.(data.length)
    if (data.length > 0) yield data
    return
  }
  const channel = await client.openChannel({ signal: options.signal, isWatched: false })
  try {
    yield* receive(channel, args, options)
  } finally {
    await channel.close()
  }
}

type DownloadArgs = typeof procedures.volumeDownload extends Procedure<infer A, unknown> ? A : never

async function* receive(
  channel: RpcChannel,
  args: DownloadArgs,
  options: Options,
): AsyncGenerator<Uint8Array | Hole, void, undefined> {
  const { signal, onProgress } = options
  const queue = new ByteQueue<Hole>(Infinity)
  const brake = (): void => {
    if (queue.heldBytes > highWaterBytes) channel.pause()
  }
  const sink: StreamSink = {
    onData: (chunk) => {
      queue.push(chunk)
      brake()
    },
    ...(options.sparse === true && {
      onHole: (holeBytes: number) => {
        queue.pushMark({ holeBytes })
        brake()
      },
    }),
    onEof: () => queue.end(),
    onError: (error) => queue.end(error),
  }
  const { stream } = await channel.openStream(procedures.volumeDownload, args, sink, options)
  const onAbort = (): void => {
    queue.clear()
    queue.end(new AbortedError('the download', signal?.reason))
  }
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  let received = 0
  let isComplete = false
  try {
    for await (const chunk of queue) {
      received += chunk instanceof Uint8Array ? chunk.length : chunk.holeBytes
      onProgress?.(received)
      yield chunk
      if (queue.heldBytes < lowWaterBytes) channel.resume()
    }
    channel.resume()
    await stream.finish(signal)
    isComplete = true
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // The connection is ours alone: closing it is the quickest way to stop a transfer that is not wanted.
    if (!isComplete) void channel.close()
  }
}

/** Everything that a stream brings, in memory; `maxBytes` bounds it. */
export async function receiveAll<A, R>(
  channel: RpcChannel,
  procedure: Procedure<A, R>,
  args: A,
  maxBytes: number,
  options: CallOptions,
): Promise<{ readonly result: R; readonly data: Uint8Array }> {
  const queue = new ByteQueue(maxBytes)
  const { signal } = options
  const sink: StreamSink = {
    onData: (chunk) => {
      queue.push(chunk)
      if (queue.droppedBytes > 0) queue.end(new ProtocolError(`${procedure.name} sent more than ${maxBytes} bytes`))
    },
    onEof: () => queue.end(),
    onError: (error) => queue.end(error),
  }
  const { result, stream } = await channel.openStream(procedure, args, sink, options)
  const onAbort = (): void => queue.end(new AbortedError(`the libvirt call ${procedure.name}`, signal?.reason))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of queue) chunks.push(chunk)
    await stream.finish(signal)
    return { result, data: new Uint8Array(Buffer.concat(chunks)) }
  } catch (error) {
    void stream.abort().catch(() => undefined)
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
