/**
 * The command line of ssh and what it runs on the host: libvirt's own helper where it is installed, else netcat or
 * socat on the daemon's socket. A value of the URI reaches the far shell only if it consists of characters that no
 * shell gives a meaning; anything else is refused, not quoted, because the login shell may be any (sh, csh, fish).
 */
import { UriError } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import { connectTimeoutMs } from './open-socket.ts'

/** What the script on the host ends with; 1 and 2 are the tools' own, 126 and 127 the shell's, 255 is ssh's. */
export const scriptExit = { noHelper: 97, noSocket: 98 } as const

export function sshCommand(target: ConnectionTarget, isReadOnly: boolean): readonly [program: string, ...string[]] {
  const { parameters, port, user } = target
  const host = checked(target.host ?? 'localhost', hostPattern, 'host name', target)
  return [
    parameters['command'] ?? 'ssh',
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', checked(user, userPattern, 'user name', target)]),
    ...(parameters['keyfile'] === undefined ? [] : ['-i', withoutTokens(parameters['keyfile'])]),
    // No terminal, no escape character in the bytes, no question to anybody.
    ...['-T', '-e', 'none', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connectTimeoutMs / 1000}`],
    ...hostKeyOptions(target),
    '--',
    host,
    `sh -c '${remoteScript(target, isReadOnly)}'`,
  ]
}

// kvm1.example.org, fe80::1%eth0
const hostPattern = /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/
// alice, DOMAIN\alice, alice@example.org
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]*$/
// /run/libvirt/libvirt-sock
const socketPattern = /^\/[A-Za-z0-9_./@%+=-]+$/
// nc.openbsd, /usr/bin/nc
const programPattern = /^[A-Za-z0-9_/][A-Za-z0-9_./+-]*$/
// qemu:///system?name=x%20y
const uriPattern = /^[a-z][A-Za-z0-9_.:/?&=%@+~-]+$/

function checked(value: string, pattern: RegExp, what: string, { uri }: ConnectionTarget): string {
  if (pattern.test(value)) return value
  throw new UriError(`'${uri}': ${JSON.stringify(value)} cannot be used as a ${what} over ssh`, {
    hint: 'Letters, digits and the usual punctuation only: it passes through a shell on the host.',
  })
}

/** ssh expands %-tokens in names of files (ssh_config(5), TOKENS). */
function withoutTokens(file: string): string {
  return file.replaceAll('%', '%%')
}

const strictness: Readonly<Record<string, string>> = { normal: 'yes', auto: 'accept-new', ignore: 'no' }

function hostKeyOptions(target: ConnectionTarget): readonly string[] {
  const { known_hosts: file, known_hosts_verify: verify } = target.parameters
  const asked = verify === undefined ? undefined : strictness[verify]
  if (verify !== undefined && asked === undefined) {
    throw new UriError(
      `'${target.uri}': known_hosts_verify=${verify} is not one of ${Object.keys(strictness).join(', ')}`,
    )
  }
  const strict = target.isUnverified ? 'no' : asked
  return [
    ...(strict === undefined ? [] : ['-o', `StrictHostKeyChecking=${strict}`]),
    ...(file === undefined ? [] : knownHostsOptions(file, target)),
  ]
}

/** The named file is the only one that counts. */
function knownHostsOptions(file: string, { uri }: ConnectionTarget): readonly string[] {
  if (/["\n]|\$\{/.test(file)) throw new UriError(`'${uri}': ssh cannot read a file named ${JSON.stringify(file)}`)
  return ['-o', `UserKnownHostsFile="${withoutTokens(file)}"`, '-o', 'GlobalKnownHostsFile=/dev/null']
}

/** Without single quotes and exclamation marks, which csh sees even in quotes. */
function remoteScript(target: ConnectionTarget, isReadOnly: boolean): string {
  const way = wayOf(target)
  const sockets = isReadOnly ? target.readOnlySocketPaths : target.socketPaths
  return [
    ...(way.hasHelper ? helperLines(target, isReadOnly) : []),
    ...(way.hasNetcat ? netcatLines(sockets, target) : [`echo ${noHelper(way.whyNoNetcat)} >&2`]),
    `exit ${scriptExit.noHelper}`,
  ].join('; ')
}

function noHelper(why: string): string {
  return `"virt-ssh-helper is not installed here, and ${why}"`
}

type Way =
  | { readonly hasHelper: boolean; readonly hasNetcat: true }
  | { readonly hasHelper: true; readonly hasNetcat: false; readonly whyNoNetcat: string }

/** The helper finds the socket by itself and can be told of none; a user's own daemon is started only by the helper. */
function wayOf({ parameters, remoteUri, uri }: ConnectionTarget): Way {
  const { proxy = 'auto', netcat, socket, mode = 'auto' } = parameters
  if (!['auto', 'native', 'netcat'].includes(proxy)) {
    throw new UriError(`'${uri}': proxy=${proxy} is not a proxy`, {
      hint: 'libvirt has proxy=auto, native and netcat.',
    })
  }
  const named = Object.entries({ netcat, socket }).find(([, value]) => value !== undefined)?.[0]
  if (proxy === 'native') {
    if (named !== undefined) throw new UriError(`'${uri}': ${named} cannot be given together with proxy=native`)
    return { hasHelper: true, hasNetcat: false, whyNoNetcat: 'proxy=native allows nothing else' }
  }
  const isForUser = new URL(remoteUri).pathname === '/session' && socket === undefined
  if (isForUser) {
    if (proxy === 'netcat' || netcat !== undefined) {
      throw new UriError(`'${uri}': the user's own libvirt is started by virt-ssh-helper, not through netcat`, {
        hint: 'Leave proxy and netcat out, or name the socket of a daemon that runs: ?socket=PATH.',
      })
    }
    return { hasHelper: true, hasNetcat: false, whyNoNetcat: 'only it starts the libvirt of a user' }
  }
  return { hasHelper: proxy === 'auto' && named === undefined && mode === 'auto', hasNetcat: true }
}

function helperLines(target: ConnectionTarget, isReadOnly: boolean): readonly string[] {
  const uri = checked(target.remoteUri, uriPattern, 'connection URI', target)
  const run = `exec virt-ssh-helper ${isReadOnly ? '-r ' : ''}"${uri}"`
  return [`if command -v virt-ssh-helper >/dev/null 2>&1; then ${run}; fi`]
}

function netcatLines(sockets: readonly string[], target: ConnectionTarget): readonly string[] {
  const paths = sockets.map((path) => checked(path, socketPattern, 'path of a socket', target)).join(' ')
  const given = target.parameters['netcat']
  const netcat = given === undefined ? 'nc' : checked(given, programPattern, 'program', target)
  return [
    `for s in ${paths}; do test -S "$s" && break; done`,
    `test -S "$s" || { echo "there is no libvirt socket at ${paths}" >&2; exit ${scriptExit.noSocket}; }`,
    // Not each netcat knows unix sockets, and one of them ends with its input only when told so.
    `if ${netcat} -h 2>&1 | grep -q -e -U; then ` +
      `q=; ${netcat} -q 2>&1 | grep -q "requires an argument" && q=-q0; exec ${netcat} $q -U "$s"; fi`,
    ...(given === undefined ? ['if command -v socat >/dev/null 2>&1; then exec socat - "UNIX-CONNECT:$s"; fi'] : []),
    `echo "there is nothing here that leads to $s: ${given ?? 'virt-ssh-helper, nc with -U, socat'}" >&2`,
  ]
}
