/** The local socket of a daemon. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { AbortedError, ConnectionError } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import type { Dialer } from './dialer.ts'

/** Tries the target's sockets in turn and takes the first behind which a daemon listens. */
export const unixDialer: Dialer = {
  async dial(target, options) {
    if (target.transport !== 'unix') throw unsupported(target)
    const paths = options.isReadOnly ? target.readOnlySocketPaths : target.socketPaths
    let missing: unknown
    let stale: { readonly error: unknown; readonly path: string } | undefined
    for (const path of paths) {
      try {
        return await open(path, options.signal)
      } catch (error) {
        const code = codeOf(error)
        if (code === 'ENOENT') missing = error
        else if (code === 'ECONNREFUSED') stale ??= { error, path }
        else throw explain(error, path, target)
      }
    }
    throw stale === undefined ? explain(missing, paths.join(', '), target) : explain(stale.error, stale.path, target)
  },
}

function open(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new AbortedError('connecting', signal.reason))
    const socket = connect({ path, noDelay: true })
    const onAbort = (): void => void socket.destroy(new AbortedError('connecting', signal?.reason))
    const settle = (act: () => void): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      act()
    }
    signal?.addEventListener('abort', onAbort)
    socket.once('connect', () => settle(() => resolve(socket)))
    socket.once('error', (error) => settle(() => reject(error)))
  })
}

function unsupported(target: ConnectionTarget): ConnectionError {
  const { host, transport, uri } = target
  return new ConnectionError(
    'transport-unsupported',
    `'${uri}' asks for the transport '${transport}', and this client only opens local sockets by itself`,
    {
      hint:
        `Give connect() a dialer for '${transport}'; or forward the daemon's socket ` +
        `(ssh -L /tmp/libvirt.sock:/run/libvirt/libvirt-sock ${host ?? 'HOST'}) and use ` +
        `${target.driver}+unix:///system?socket=/tmp/libvirt.sock`,
    },
  )
}

function explain(error: unknown, path: string, target: ConnectionTarget): unknown {
  const isUserDaemon = target.remoteUri.endsWith('/session')
  switch (codeOf(error)) {
    case 'ENOENT':
      return new ConnectionError('socket-missing', `there is no libvirt socket at ${path}`, {
        cause: error,
        hint: isUserDaemon
          ? 'Start your own daemon: libvirtd --daemon --timeout=120 (or virtqemud); it makes this socket.'
          : 'Install libvirt (Debian: libvirt-daemon-system) and start it: sudo systemctl start libvirtd ' +
            '(or virtqemud.socket). Elsewhere: name the socket with ?socket=PATH.',
      })
    case 'EACCES':
    case 'EPERM':
      return new ConnectionError('permission-denied', `the libvirt socket ${path} may not be opened by this user`, {
        cause: error,
        hint:
          'Join the group that may: sudo usermod -aG libvirt "$USER", then log in again. ' +
          'Or use your own daemon: qemu:///session.',
      })
    case 'ECONNREFUSED':
      return new ConnectionError('refused', `no daemon listens at ${path}: the file was left behind`, {
        cause: error,
        hint: isUserDaemon ? 'Start it: libvirtd --daemon --timeout=120' : 'Start it: sudo systemctl restart libvirtd',
      })
    case undefined:
      return error
    default:
      return new ConnectionError('dial-failed', `the libvirt socket ${path} cannot be opened`, { cause: error })
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof AbortedError) return undefined
  return (error as NodeJS.ErrnoException).code
}
