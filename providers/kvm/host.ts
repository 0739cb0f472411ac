/** Which libvirt: the URI that a spec's `host` means, and why. */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { parseUri } from 'libvirt-ts'

export interface HostChoice {
  readonly uri: string
  /** For doctor: why this one. */
  readonly why: string
  /** The daemon and this process surely see the same files: its usual socket on this computer, not one that was named. */
  readonly isLocal: boolean
  readonly isSession: boolean
}

/** The sockets of the system daemon, the modular one first (Fedora), as libvirt's own client tries them. */
const systemSockets = ['/run/libvirt/virtqemud-sock', '/run/libvirt/libvirt-sock'] as const

/**
 * `local`: LIBVIRT_DEFAULT_URI, else the system daemon where its socket opens read-write (root: always),
 * else the user's own. Anything else is a libvirt URI.
 */
export async function chooseHost(host: string, env: NodeJS.ProcessEnv, uid: number | undefined): Promise<HostChoice> {
  const fromEnv = env['LIBVIRT_DEFAULT_URI'] ?? ''
  if (host !== 'local') return choice(host, 'named', env, uid)
  if (fromEnv !== '') return choice(fromEnv, 'LIBVIRT_DEFAULT_URI says so', env, uid)
  if (uid === 0) return choice('qemu:///system', 'root uses the system’s libvirt', env, uid)
  for (const socket of systemSockets) {
    if (await isWritable(socket)) return choice('qemu:///system', `${socket} may be used by this user`, env, uid)
  }
  return choice('qemu:///session', 'the system’s libvirt is not there, or not for this user', env, uid)
}

function choice(uri: string, why: string, env: NodeJS.ProcessEnv, uid: number | undefined): HostChoice {
  const target = parseUri(uri, env, uid)
  return {
    uri,
    why,
    isLocal: target.transport === 'unix' && target.parameters['socket'] === undefined,
    isSession: new URL(target.remoteUri).pathname === '/session',
  }
}

async function isWritable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
