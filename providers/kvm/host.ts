/** Which libvirt: the URI that a spec's `host` means, and why. */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { parseUri, UriError, type ConnectionTarget } from 'libvirt-ts'
import type { Via } from '../../src/provider/machine.ts'

export interface HostChoice {
  readonly uri: string
  /** For doctor: why this one. */
  readonly why: string
  /** The daemon and this process surely see the same files: its usual socket on this computer, not one that was named. */
  readonly isLocal: boolean
  readonly isSession: boolean
  /** The other computer on which libvirt runs. */
  readonly remote: Via | undefined
  /** The spec would have a program of its choice started here (`?command=`), which only the user's environment may. */
  readonly isProgramNamed: boolean
}

/** The sockets of the system daemon, the modular one first (Fedora), as libvirt's own client tries them. */
const systemSockets = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'] as const

/**
 * `local`: LIBVIRT_DEFAULT_URI, else the system daemon where its socket opens read-write (root: always),
 * else the user's own. `ssh://USER@HOST` is the system's libvirt there. Anything else is a libvirt URI.
 */
export async function chooseHost(host: string, env: NodeJS.ProcessEnv, uid: number | undefined): Promise<HostChoice> {
  const fromEnv = env['LIBVIRT_DEFAULT_URI'] ?? ''
  if (host !== 'local') return choice(uriOf(host), 'named', env, uid)
  if (fromEnv !== '') return choice(fromEnv, 'LIBVIRT_DEFAULT_URI says so', env, uid)
  if (uid === 0) return choice('qemu:///system', 'root uses the system’s libvirt', env, uid)
  for (const socket of systemSockets) {
    if (await isWritable(socket)) return choice('qemu:///system', `${socket} may be used by this user`, env, uid)
  }
  return choice('qemu:///session', 'the system’s libvirt is not there, or not for this user', env, uid)
}

// ssh://admin@kvm1:2222, with or without a slash behind it
const sshHost = /^ssh:\/\/[^/?#]+\/?$/i

function uriOf(host: string): string {
  if (!/^ssh:/i.test(host)) return host
  if (sshHost.test(host)) return `qemu+ssh${host.slice(3).replace(/\/$/, '')}/system`
  throw new UriError(`'${host}' is not ssh://USER@HOST or ssh://USER@HOST:PORT`, {
    hint: "For anything else write libvirt's own URI: qemu+ssh://USER@HOST/session?socket=PATH.",
  })
}

function choice(uri: string, why: string, env: NodeJS.ProcessEnv, uid: number | undefined): HostChoice {
  const target = parseUri(uri, env, uid)
  return {
    uri,
    why,
    isLocal: target.transport === 'unix' && target.parameters['socket'] === undefined,
    isSession: new URL(target.remoteUri).pathname === '/session',
    remote: target.host === undefined ? undefined : viaOf(target),
    isProgramNamed: target.parameters['command'] !== undefined && uri !== env['LIBVIRT_DEFAULT_URI'],
  }
}

/** User and port are ssh's only where libvirt is reached by ssh. */
function viaOf({ host = '', user, port, transport }: ConnectionTarget): Via {
  return transport === 'ssh' ? { host, user, port } : { host, user: undefined, port: undefined }
}

async function isWritable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
