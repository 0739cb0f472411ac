/** The dialer that the URI's transport asks for. */
import { ConnectionError } from '../errors.ts'
import type { ConnectionTarget, Transport } from '../uri.ts'
import type { Dialer } from './dialer.ts'
import { sshDialer } from './ssh.ts'
import { tcpDialer } from './tcp.ts'
import { tlsDialer } from './tls.ts'
import { unixDialer } from './unix.ts'

const dialers: Readonly<Partial<Record<Transport, Dialer>>> = {
  unix: unixDialer,
  tcp: tcpDialer,
  tls: tlsDialer,
  ssh: sshDialer,
}

/** Local sockets, TCP, TLS and ssh. */
export const defaultDialer: Dialer = {
  async dial(target, options) {
    const dialer = dialers[target.transport]
    if (dialer === undefined) throw unsupported(target)
    return await dialer.dial(target, options)
  },
}

function unsupported({ host, transport, uri, driver }: ConnectionTarget): ConnectionError {
  const isSsh = transport.startsWith('libssh')
  return new ConnectionError(
    'transport-unsupported',
    `'${uri}' asks for the transport '${transport}', which this client does not have`,
    {
      hint:
        (isSsh ? `Use the system's ssh: ${driver}+ssh://${host ?? 'HOST'}/system. ` : '') +
        `Or give connect() a dialer for '${transport}'.`,
    },
  )
}
