/** The local socket of a daemon. */
import type { Socket } from 'node:net'
import { ConnectionError } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import type { DialOptions, Dialer } from './dialer.ts'
import { codeOf, openSocket } from './open-socket.ts'
import { startUserDaemon } from './user-daemon.ts'

/**
 * Tries the target's sockets in turn and takes the first behind which a daemon listens. The user's own daemon is
 * started where none does, as libvirt's own client does it; `LIBVIRT_AUTOSTART=0` in the environment forbids that.
 */
export const unixDialer: Dialer = {
  async dial(target, options) {
    const first = await tryAll(target, options)
    if (first.socket !== undefined) return first.socket
    if (!target.isUserDaemon || (options.env ?? process.env)['LIBVIRT_AUTOSTART'] === '0') throw first.why
    const isListening = async (): Promise<Socket | undefined> => (await tryAll(target, options)).socket
    return await startUserDaemon(target, isListening, options)
  },
}

type Attempt = { readonly socket: Socket; readonly why?: never } | { readonly socket?: never; readonly why: unknown }

/** Rejects with what is no missing daemon: no rights, an abort. */
async function tryAll(target: ConnectionTarget, options: DialOptions): Promise<Attempt> {
  const paths = options.isReadOnly ? target.readOnlySocketPaths : target.socketPaths
  let missing: unknown
  let stale: { readonly error: unknown; readonly path: string } | undefined
  for (const path of paths) {
    try {
      return { socket: await openSocket({ path, noDelay: true }, options.signal) }
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') missing = error
      else if (code === 'ECONNREFUSED') stale ??= { error, path }
      else throw explain(error, path, target)
    }
  }
  const why =
    stale === undefined ? explain(missing, paths.join(', '), target) : explain(stale.error, stale.path, target)
  return { why }
}

function explain(error: unknown, path: string, target: ConnectionTarget): unknown {
  switch (codeOf(error)) {
    case 'ENOENT':
      return new ConnectionError('socket-missing', `there is no libvirt socket at ${path}`, {
        cause: error,
        hint: target.isUserDaemon
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
        hint: target.isUserDaemon
          ? 'Start it: libvirtd --daemon --timeout=120'
          : 'Start it: sudo systemctl restart libvirtd',
      })
    case undefined:
      return error
    default:
      return new ConnectionError('dial-failed', `the libvirt socket ${path} cannot be opened`, { cause: error })
  }
}
