/** The port between this client and the outside world: something that turns a URI's meaning into a byte stream. */
import type { Duplex } from 'node:stream'
import type { ConnectionTarget } from '../uri.ts'

export interface DialOptions {
  readonly isReadOnly: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * `dial` resolves with an open stream, or rejects with a `ConnectionError` that says what to do. It is called once
 * per connection: again for each console and each transfer. The stream belongs to the caller, who destroys it.
 */
export interface Dialer {
  dial(target: ConnectionTarget, options: DialOptions): Promise<Duplex>
}
