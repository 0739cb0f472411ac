/** The port between this client and the outside world: something that turns a URI's meaning into a byte stream. */
import type { Duplex } from 'node:stream'
import type { ConnectionTarget, UriEnvironment } from '../uri.ts'

/** What a TLS connection is made with, where the standard places of libvirt's certificates are not meant. */
export interface TlsOptions {
  /** PEM: who may have signed the server's certificate. */
  readonly ca?: string | Buffer | undefined
  /** PEM: our certificate, and its key. */
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  /**
   * SHA-256 of the server's certificate in DER, hex digits with or without colons, as
   * `openssl x509 -noout -fingerprint -sha256` prints it. This one certificate is accepted, whoever signed it and
   * whatever name it has; no other is.
   */
  readonly fingerprint?: string | undefined
}

/** How a stream is to be opened. */
export interface DialOptions {
  readonly isReadOnly: boolean
  readonly signal?: AbortSignal | undefined
  /** For `HOME` and the like, and for the programs that are started (`ssh`, the user's own daemon); default `process.env`. */
  readonly env?: UriEnvironment | undefined
  readonly tls?: TlsOptions | undefined
}

/**
 * `dial` resolves with an open stream, or rejects with a `ConnectionError` that says what to do. It is called once
 * per connection: again for each console and each transfer. The stream belongs to the caller, who destroys it. A
 * stream that fails later may say why by being destroyed with a `ConnectionError`.
 */
export interface Dialer {
  /** Opens one stream. */
  dial(target: ConnectionTarget, options: DialOptions): Promise<Duplex>
}
