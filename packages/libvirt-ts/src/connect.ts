/** The way in: URI, dialling, authentication, opening. */
import type { CallOptions, Connection } from './api.ts'
import type { Dialer } from './transport/dialer.ts'
import type { UriEnvironment } from './uri.ts'

export interface KeepaliveOptions {
  /** How long the line may be silent before we ask, default 5000. */
  readonly intervalMs: number
  /** How many questions may stay unanswered before the connection counts as lost, default 5. */
  readonly count: number
}

export interface ConnectOptions extends CallOptions {
  /** For `LIBVIRT_DEFAULT_URI`, `XDG_RUNTIME_DIR` and `HOME`; default `process.env`. */
  readonly env?: UriEnvironment | undefined
  /** The daemon's read-only socket: no rights needed, no change possible. */
  readonly readOnly?: boolean | undefined
  /** Default `{ intervalMs: 5000, count: 5 }`; false: neither we nor the daemon watch the line. */
  readonly keepalive?: KeepaliveOptions | false | undefined
  /** How bytes reach the daemon; default: local sockets. */
  readonly dialer?: Dialer | undefined
}

/**
 * Opens a connection. `signal` aborts the opening only; once open, each call has its own.
 * Rejects with `UriError`, `ConnectionError`, `AuthenticationError`, `LibvirtError` or `AbortedError`.
 */
export function connect(uri: string | undefined, options: ConnectOptions = {}): Promise<Connection> {
  return Promise.reject(new Error(`not there yet: ${String(uri)} ${Object.keys(options).join()}`))
}
