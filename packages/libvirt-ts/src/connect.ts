/** The way in: URI, dialling, authentication, opening. */
import type { CallOptions, Connection } from './api.ts'
import { RemoteConnection } from './client/connection.ts'
import { flagsOf } from './client/handles.ts'
import { AbortedError } from './errors.ts'
import { authenticate } from './rpc/auth.ts'
import { RpcChannel } from './rpc/channel.ts'
import { flags, VIR_DRV_FEATURE_PROGRAM_KEEPALIVE } from './rpc/limits.ts'
import { procedures } from './rpc/procedures.ts'
import { defaultDialer } from './transport/by-transport.ts'
import type { Dialer, TlsOptions } from './transport/dialer.ts'
import { parseUri } from './uri.ts'
import type { ConnectionTarget, UriEnvironment } from './uri.ts'

/** How a silent line is watched. */
export interface KeepaliveOptions {
  /** How long the line may be silent before we ask, default 5000. */
  readonly intervalMs: number
  /** How many questions may stay unanswered before the connection counts as lost, default 5. */
  readonly count: number
}

/** How a connection is opened and watched. */
export interface ConnectOptions extends CallOptions {
  /**
   * For `LIBVIRT_DEFAULT_URI`, `XDG_RUNTIME_DIR`, `HOME` and `LIBVIRT_AUTOSTART`, and the environment of the programs
   * that a transport starts (`ssh`, the user's own daemon); default `process.env`.
   */
  readonly env?: UriEnvironment | undefined
  /** The daemon's read-only socket: no rights needed, no change possible. */
  readonly readOnly?: boolean | undefined
  /** Default `{ intervalMs: 5000, count: 5 }`; false: neither we nor the daemon watch the line. */
  readonly keepalive?: KeepaliveOptions | false | undefined
  /** Certificates for the transport `tls`; default: libvirt's places, or the URI's `pkipath`. */
  readonly tls?: TlsOptions | undefined
  /** How bytes reach the daemon; default: what the URI says: local sockets, TCP, TLS, ssh. */
  readonly dialer?: Dialer | undefined
}

/**
 * Opens a connection. `signal` aborts the opening only; once open, each call has its own.
 * Rejects with `UriError`, `ConnectionError`, `AuthenticationError`, `LibvirtError` or `AbortedError`.
 */
export async function connect(uri: string | undefined, options: ConnectOptions = {}): Promise<Connection> {
  const target = parseUri(uri, options.env)
  const keepalive = options.keepalive ?? { intervalMs: 5000, count: 5 }
  const open = (settings: CallOptions, watched: KeepaliveOptions | false): Promise<RpcChannel> =>
    openChannel(target, { ...options, signal: settings.signal, keepalive: watched })
  const channel = await open(options, keepalive)
  return new RemoteConnection({
    uri: target.remoteUri,
    channel,
    openChannel: (settings) => open(settings, settings.isWatched && keepalive),
  })
}

async function openChannel(target: ConnectionTarget, options: ConnectOptions): Promise<RpcChannel> {
  const { keepalive, signal } = options
  const isReadOnly = options.readOnly === true
  if (signal?.aborted === true) throw new AbortedError('connecting', signal.reason)
  const { env, tls } = options
  const socket = await (options.dialer ?? defaultDialer).dial(target, { isReadOnly, signal, env, tls })
  const channel = new RpcChannel(socket)
  try {
    await authenticate(channel, target.uri, { signal })
    if (keepalive !== undefined && keepalive !== false) await watch(channel, keepalive, signal)
    const args = { name: target.remoteUri, flags: flagsOf([isReadOnly, flags.VIR_CONNECT_RO]) }
    await channel.call(procedures.connectOpen, args, { signal })
    return channel
  } catch (error) {
    await channel.close()
    throw error
  }
}

/** Asking for the feature also makes the daemon ping us. A daemon without it is not watched. */
async function watch(channel: RpcChannel, keepalive: KeepaliveOptions, signal: AbortSignal | undefined): Promise<void> {
  const args = { feature: VIR_DRV_FEATURE_PROGRAM_KEEPALIVE }
  const { supported } = await channel.call(procedures.connectSupportsFeature, args, { signal })
  if (supported !== 0) channel.startKeepalive(keepalive)
}
