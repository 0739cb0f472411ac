/** What the objects of the client share: the way to call, and the way to open a connection of one's own. */
import type { CallOptions } from '../api.ts'
import { AbortedError } from '../errors.ts'
import type { RpcChannel } from '../rpc/channel.ts'
import type { Procedure } from '../rpc/shapes.ts'

export interface OpenChannelOptions extends CallOptions {
  /**
   * Keepalive, as the main connection has it. Only for a reader that never stops: one that pauses would not see the
   * daemon's questions, and be dropped.
   */
  readonly isWatched: boolean
}

export interface Client {
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R>
  readonly channel: RpcChannel
  /** Another connection to the same daemon, for a stream: streams have no flow control and would hold up our calls. */
  openChannel(options: OpenChannelOptions): Promise<RpcChannel>
}

/** The flags whose conditions hold, as one number. */
export function flagsOf(...pairs: readonly (readonly [condition: boolean | undefined, flag: number])[]): number {
  let result = 0
  for (const [condition, flag] of pairs) if (condition === true) result |= flag
  return result
}

/** Runs a listener of the user's: what it throws is the user's, and must not break our reading. */
export function notify<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Stops waiting when the signal fires; the work itself goes on. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return work
  if (signal.aborted) {
    work.catch(() => undefined)
    throw new AbortedError(what, signal.reason)
  }
  let onAbort = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(new AbortedError(what, signal.reason))
      signal.addEventListener('abort', onAbort)
      work.then(resolve, reject)
    })
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
