/**
 * Connection URIs as libvirt writes them: `driver[+transport]://[user@][host][:port]/path[?key=value]`, and which
 * socket they mean. Nothing is opened here.
 */
import { posix } from 'node:path'
import { UriError } from './errors.ts'

/** How the bytes travel: what stands after the `+` in a URI. */
export type Transport = 'unix' | 'tcp' | 'tls' | 'ssh' | 'libssh' | 'libssh2' | 'ext'

/** What a URI means, before anything is dialled. */
export interface ConnectionTarget {
  /** As given, or as chosen where none was given. */
  readonly uri: string
  /** Where the URI came from. */
  readonly origin: 'argument' | 'LIBVIRT_DEFAULT_URI' | 'default'
  /** `qemu`, `test` ... */
  readonly driver: string
  readonly transport: Transport
  readonly user: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  /** What the daemon is asked to open: no transport, no host, none of the parameters that are ours. */
  readonly remoteUri: string
  /** The daemon's socket: the first of {@link socketPaths}. */
  readonly socketPath: string
  readonly readOnlySocketPath: string
  /** The sockets that are tried in turn: that of the driver's own daemon (virtqemud), then libvirtd's. */
  readonly socketPaths: readonly string[]
  readonly readOnlySocketPaths: readonly string[]
  /** The daemon is the user's own one, which a client starts where it does not run. */
  readonly isUserDaemon: boolean
  /** The programs behind {@link socketPaths}, in the same order: `virtqemud`, `libvirtd`. */
  readonly daemons: readonly string[]
  /** `no_verify`: the host's certificate or key is not looked at. */
  readonly isUnverified: boolean
  /** All parameters of the URI, for dialers. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The variables that libvirt's own client reads too. */
export interface UriEnvironment {
  readonly [name: string]: string | undefined
}

const transports: readonly Transport[] = ['unix', 'tcp', 'tls', 'ssh', 'libssh', 'libssh2', 'ext']

/** libvirt's parameters of a connection (docs/uri.rst). None of them is sent to the daemon. */
const knownParameters = new Set([
  'name',
  'socket',
  'mode',
  'proxy',
  'command',
  'auth',
  'sshauth',
  'netcat',
  'keyfile',
  'pkipath',
  'tls_priority',
  'no_sanity',
  'no_verify',
  'no_tty',
  'known_hosts',
  'known_hosts_verify',
])

/** Drivers that have a daemon of their own where libvirt is built that way, as Fedora's is: virtqemud for `qemu`. */
const modularDaemons: Readonly<Record<string, string>> = { qemu: 'virtqemud', xen: 'virtxend', lxc: 'virtlxcd' }

interface ParsedUri {
  readonly driver: string
  readonly transport: Transport
  readonly user: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly path: string
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Says what would be opened. Without a URI: `LIBVIRT_DEFAULT_URI`, else `qemu:///system` for root and
 * `qemu:///session` for everybody else, which is what libvirt's own client probes to.
 */
export function parseUri(
  uri: string | undefined,
  env: UriEnvironment = process.env,
  uid: number | undefined = process.getuid?.(),
): ConnectionTarget {
  const { text, origin } = chooseUri(uri, env, uid)
  const parsed = splitUri(text)
  requireKnown(text, parsed)
  const daemons = daemonsOf(parsed)
  const sockets = socketsOf(parsed, daemons, env, uid)
  const isSocketNamed = parsed.parameters.has('socket')
  return {
    uri: text,
    origin,
    driver: parsed.driver,
    transport: parsed.transport,
    user: parsed.user,
    host: parsed.host,
    port: parsed.port,
    remoteUri: remoteUriOf(parsed),
    socketPath: first(sockets),
    readOnlySocketPath: first(readOnly(sockets, parsed)),
    socketPaths: sockets,
    readOnlySocketPaths: readOnly(sockets, parsed),
    isUserDaemon: parsed.transport === 'unix' && !isSocketNamed && isForUser(parsed, uid),
    daemons: daemons.map((daemon) => (daemon === 'libvirt' ? 'libvirtd' : daemon)),
    isUnverified: isOn(text, parsed, 'no_verify'),
    parameters: Object.fromEntries(parsed.parameters),
  }
}

function chooseUri(
  uri: string | undefined,
  env: UriEnvironment,
  uid: number | undefined,
): { text: string; origin: ConnectionTarget['origin'] } {
  if (uri !== undefined && uri !== '') return { text: uri, origin: 'argument' }
  const fromEnv = env['LIBVIRT_DEFAULT_URI']
  if (fromEnv !== undefined && fromEnv !== '') return { text: fromEnv, origin: 'LIBVIRT_DEFAULT_URI' }
  return { text: uid === undefined || uid === 0 ? 'qemu:///system' : 'qemu:///session', origin: 'default' }
}

// qemu+ssh://root@[fe80::1]:22/system?socket=/x
const uriPattern =
  /^([a-z][a-z0-9.-]*)(?:\+([a-z0-9]+))?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?(\/[^?#]*)?(?:\?([^#]*))?$/i

function splitUri(text: string): ParsedUri {
  const match = uriPattern.exec(text)
  if (match === null) {
    throw new UriError(`'${text}' is not a libvirt connection URI`, {
      hint: 'Write driver[+transport]://[host]/path, for example qemu:///system or qemu:///session.',
    })
  }
  const [, driver = '', transportText, user, hostText = '', portText, path = '', query] = match
  const host = hostText.replace(/^\[|\]$/g, '')
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && port > 65535) throw new UriError(`'${text}': port ${port} is not a port`)
  return {
    driver: driver.toLowerCase(),
    transport: transportOf(text, transportText, host),
    user: user === undefined ? undefined : decode(user),
    host: host === '' ? undefined : decode(host),
    port,
    path,
    parameters: parametersOf(query),
  }
}

/** Without a transport: the local socket, or TLS where a host is named, as libvirt has it. */
function transportOf(uri: string, text: string | undefined, host: string): Transport {
  if (text === undefined) return host === '' ? 'unix' : 'tls'
  const found = transports.find((transport) => transport === text.toLowerCase())
  if (found === undefined) {
    throw new UriError(`'${uri}': '${text}' is not a transport`, { hint: `libvirt has ${transports.join(', ')}.` })
  }
  if (found === 'unix' && host !== '') {
    throw new UriError(`'${uri}': the unix transport has no host, and '${host}' stands in its place`, {
      hint: `Write three slashes: ${uri.replace(`://${host}`, '://')}`,
    })
  }
  return found
}

function parametersOf(query: string | undefined): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const part of (query ?? '').split(/[&;]/)) {
    if (part === '') continue
    const at = part.indexOf('=')
    if (at < 0) parameters.set(decode(part), '')
    else parameters.set(decode(part.slice(0, at)), decode(part.slice(at + 1)))
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new UriError(`'${text}' has a broken %-escape`, { cause })
  }
}

function remoteUriOf(uri: ParsedUri): string {
  return uri.parameters.get('name') ?? `${uri.driver}://${uri.path}`
}

/** libvirt sends what it does not know to the driver, so that a slip of the pen changes nothing and nobody hears of it. */
function requireKnown(text: string, uri: ParsedUri): void {
  const { parameters, transport } = uri
  const remoteUri = remoteUriOf(uri)
  const unknown = [...parameters.keys()].find((key) => !knownParameters.has(key))
  if (unknown !== undefined) {
    throw new UriError(`'${text}': there is no parameter '${unknown}'`, {
      hint: `libvirt has ${[...knownParameters].join(', ')}. One for the driver goes into name: ?name=URI.`,
    })
  }
  if (!URL.canParse(remoteUri)) {
    throw new UriError(`'${text}': '${remoteUri}', which the daemon would be asked to open, is no URI`, {
      hint: 'Write driver[+transport]://[host]/path, for example qemu:///system or qemu+ssh://HOST/system.',
    })
  }
  if (transport === 'tls' && parameters.has('tls_priority')) {
    throw new UriError(`'${text}': tls_priority is written for GnuTLS, and this client uses OpenSSL`, {
      hint: 'Leave it out: TLS 1.2 and 1.3 with the usual ciphers.',
    })
  }
}

/** libvirt's flags are numbers, and 0 is off. */
function isOn(text: string, { parameters }: ParsedUri, name: string): boolean {
  const value = parameters.get(name)
  if (value === undefined) return false
  if (/^\d+$/.test(value)) return Number(value) !== 0
  throw new UriError(`'${text}': ${name}=${value} is neither 0 nor 1`)
}

/** Names of sockets without their ending, in the order in which they are tried. */
function daemonsOf(uri: ParsedUri): readonly string[] {
  const mode = uri.parameters.get('mode') ?? 'auto'
  if (mode !== 'auto' && mode !== 'direct' && mode !== 'legacy') {
    throw new UriError(`mode=${mode} is not a mode`, { hint: 'libvirt has mode=auto, mode=direct and mode=legacy.' })
  }
  const modular = modularDaemons[uri.driver]
  return [...(mode === 'legacy' || modular === undefined ? [] : [modular]), ...(mode === 'direct' ? [] : ['libvirt'])]
}

function socketsOf(
  uri: ParsedUri,
  daemons: readonly string[],
  env: UriEnvironment,
  uid: number | undefined,
): readonly string[] {
  const given = uri.parameters.get('socket')
  if (given !== undefined && given !== '') return [given]
  const folders = isForUser(uri, uid) ? [userFolder(env)] : ['/run/libvirt', '/var/run/libvirt']
  return folders.flatMap((folder) => daemons.map((daemon) => posix.join(folder, `${daemon}-sock`)))
}

/** Root's daemon is always the system's one; the test driver of everybody else lives in their own daemon. */
function isForUser(uri: ParsedUri, uid: number | undefined): boolean {
  if (uid === undefined || uid === 0 || uri.host !== undefined) return false
  return uri.path === '/session' || uri.driver === 'test'
}

function userFolder(env: UriEnvironment): string {
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && runtime !== '') return posix.join(runtime, 'libvirt')
  return posix.join(env['XDG_CACHE_HOME'] ?? posix.join(env['HOME'] ?? '/', '.cache'), 'libvirt')
}

/** The user's own daemon has no read-only socket, and neither has a socket that was named. */
function readOnly(sockets: readonly string[], uri: ParsedUri): readonly string[] {
  if (uri.parameters.has('socket') || uri.path === '/session') return sockets
  return sockets.map((path) => `${path}-ro`)
}

function first(paths: readonly string[]): string {
  const [path] = paths
  if (path === undefined) throw new UriError('mode=direct needs a driver that has a daemon of its own')
  return path
}
