/** Plain TCP: no encryption, and by libvirt's default SASL, which this client does not speak. */
import { AbortedError } from '../errors.ts'
import type { Dialer } from './dialer.ts'
import { explainNetwork, openSocket } from './open-socket.ts'

/** libvirt's LIBVIRTD_TCP_PORT (src/remote/remote_protocol.x), `tcp_port` in libvirtd.conf. */
const tcpPort = 16509

export const tcpDialer: Dialer = {
  async dial(target, { signal }) {
    const host = target.host ?? 'localhost'
    const port = target.port ?? tcpPort
    try {
      return await openSocket({ host, port, noDelay: true }, signal)
    } catch (error) {
      if (error instanceof AbortedError) throw error
      throw explainNetwork(error, host, port, listenHint)
    }
  },
}

const listenHint =
  "libvirt listens on TCP only where it was told to: on the daemon's host sudo systemctl start libvirtd-tcp.socket " +
  '(virtproxyd-tcp.socket), or listen_tcp = 1 in libvirtd.conf and libvirtd --listen. ssh needs none of that.'
