/** What the objects of the client share: the way to call, and the way to open a connection of one's own. */
import type { CallOptions } from '../api.ts'
import type { RpcChannel } from '../rpc/channel.ts'
import type { Procedure } from '../rpc/procedures.ts'

export interface Client {
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R>
  readonly channel: RpcChannel
  /** Another connection to the same daemon, for a stream: streams have no flow control and would hold up our calls. */
  openChannel(options?: CallOptions): Promise<RpcChannel>
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
