/** TLS with certificates on both sides, as libvirt's own client does it. */
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { isIP } from 'node:net'
import { AbortedError, ConnectionError } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import type { DialOptions, Dialer } from './dialer.ts'
import { codeOf, connectTimeoutMs, explainNetwork, openSocket } from './open-socket.ts'
import { readCredentials } from './tls-credentials.ts'
import type { Credentials } from './tls-credentials.ts'

/** libvirt's LIBVIRTD_TLS_PORT (src/remote/remote_protocol.x), `tls_port` in libvirtd.conf. */
const tlsPort = 16514

export const tlsDialer: Dialer = {
  async dial(target, options) {
    const host = target.host ?? 'localhost'
    const port = target.port ?? tlsPort
    const credentials = await readCredentials(target, options)
    const plain = await openSocket({ host, port, noDelay: true }, options.signal).catch((error: unknown) => {
      throw explainNetwork(error, host, port, listenHint)
    })
    const isPinned = credentials.fingerprint !== undefined
    const socket = connect({
      socket: plain,
      host,
      // The name in the handshake may not be an address (RFC 6066); the certificate is compared with either.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ca: credentials.ca,
      cert: credentials.cert,
      key: credentials.key,
      rejectUnauthorized: credentials.isVerified && !isPinned,
    })
    return await greet(socket, { host, port, credentials, target }, options)
  },
}

const listenHint =
  "libvirt listens for TLS only where it was told to: on the daemon's host install the certificates, then " +
  'sudo systemctl start libvirtd-tls.socket (virtproxyd-tls.socket), or libvirtd --listen.'

interface Peer {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  readonly target: ConnectionTarget
}

/**
 * After the handshake the daemon looks at our certificate and sends one byte, 1, where it lets us in
 * (virNetClientSetTLSSession in libvirt's src/rpc/virnetclient.c).
 */
function greet(socket: TLSSocket, peer: Peer, { signal }: DialOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let hasShaken = false
    const late = setTimeout(() => fail(silent(peer)), connectTimeoutMs)
    const settle = (): void => {
      clearTimeout(late)
      signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners('secureConnect').removeAllListeners('readable')
      socket.removeListener('error', onError).removeListener('end', onEnd).removeListener('close', onEnd)
    }
    const fail = (error: unknown): void => {
      settle()
      socket.on('error', () => undefined).destroy()
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    const onAbort = (): void => fail(new AbortedError('connecting', signal?.reason))
    const onError = (error: Error): void => fail(hasShaken ? refused(peer, error) : explainTls(error, peer))
    const onEnd = (): void => fail(hasShaken ? refused(peer) : explainTls(new Error('the host hung up'), peer))
    if (signal?.aborted === true) return onAbort()
    signal?.addEventListener('abort', onAbort)
    socket.once('error', onError).once('end', onEnd).once('close', onEnd)
    socket.once('secureConnect', () => {
      hasShaken = true
      const stranger = wrongFingerprint(socket, peer)
      if (stranger !== undefined) fail(stranger)
    })
    socket.on('readable', () => {
      const answer = socket.read(1) as Buffer | null
      if (answer === null) return
      if (answer[0] !== 1) return fail(refused(peer))
      settle()
      resolve(socket)
    })
  })
}

/** Before any byte of ours is sent. */
function wrongFingerprint(socket: TLSSocket, { host, credentials }: Peer): ConnectionError | undefined {
  if (credentials.fingerprint === undefined) return undefined
  const found = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
  if (found === credentials.fingerprint) return undefined
  return new ConnectionError('host-not-trusted', `${host} shows another certificate than the pinned one`, {
    cause: new Error(`its SHA-256 is ${found ?? 'missing'}, and ${credentials.fingerprint} is wanted`),
    hint:
      'Somebody may stand between you and the host. Where its certificate was renewed, ask the host itself for its ' +
      'new fingerprint: openssl x509 -noout -fingerprint -sha256 -in /etc/pki/libvirt/servercert.pem.',
  })
}

/** OpenSSL's names of what is wrong with a certificate (X509_V_ERR_*, as Node hands them on), and what to do. */
const distrust: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  CERT_HAS_EXPIRED: ['has expired', "Renew it on the host, or see whether this computer's clock is right."],
  CERT_NOT_YET_VALID: ['is not valid yet', "See whether this computer's clock and the host's are right."],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'is for another name',
    'Connect by a name that the certificate has, or make one with this name or address as subjectAltName.',
  ],
  CERT_REVOKED: ['was revoked', 'Ask who runs the host.'],
}

function explainTls(error: Error, peer: Peer): unknown {
  const { host, port, credentials } = peer
  const code = codeOf(error) ?? ''
  if (code.includes('_ALERT_')) return refused(peer, error)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return new ConnectionError('dial-failed', `${host} port ${port} does not speak TLS`, {
      cause: error,
      hint: 'Plain TCP is qemu+tcp://HOST/system, on port 16509.',
    })
  }
  const [why, hint] = distrust[code] ?? [
    'is not signed by an authority that is trusted here',
    `The authority's certificate was read from ${credentials.caFrom}: is it the one that signed the host's?`,
  ]
  const isCertificate = code in distrust || /CERT|ISSUER|SIGNATURE|CRL/.test(code)
  if (!isCertificate) {
    return new ConnectionError('dial-failed', `${host} port ${port} broke the TLS handshake off`, {
      cause: error,
      hint: 'See whether it is libvirt that listens there, and what its log says.',
    })
  }
  return new ConnectionError('host-not-trusted', `the certificate of ${host} ${why}`, { cause: error, hint })
}

function refused({ host, credentials }: Peer, cause?: Error): ConnectionError {
  const ours =
    credentials.certFrom === undefined
      ? 'There is no client certificate: none was given, and none lies in libvirt’s places'
      : `The client certificate was read from ${credentials.certFrom}`
  return new ConnectionError('certificate-refused', `libvirt at ${host} does not accept our certificate`, {
    cause,
    hint:
      `${ours} (clientcert.pem and clientkey.pem). It must be signed by the authority that the daemon trusts and not ` +
      "be expired, and where the daemon's tls_allowed_dn_list is set, be on it.",
  })
}

function silent({ host, port }: Peer): ConnectionError {
  return new ConnectionError('unreachable', `${host} port ${port} does not finish the TLS handshake`, {
    cause: new Error(`no answer within ${connectTimeoutMs / 1000} s`),
    hint: 'See whether it is libvirt that listens there.',
  })
}
