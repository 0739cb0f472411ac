/**
 * A real sshd for tests: own configuration, host key, user key and known hosts, all in one folder. It has no daemon:
 * each connection to a port of ours starts an `sshd -i`, where the libvirt daemon lives.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { listenForProcess } from './port-to-process.ts'

const sshd = '/usr/sbin/sshd'

/** Why no sshd can be started here, or undefined where one can. */
export function sshUnavailable(): string | undefined {
  if (process.getuid?.() !== 0) return 'sshd needs root'
  try {
    accessSync(sshd, constants.X_OK)
    return undefined
  } catch {
    return 'not installed: sshd (apt-get install openssh-server)'
  }
}

export interface SshServerOptions {
  /** A process in whose mount namespace the sessions live. */
  readonly inside?: number
  /** The only programs that the far shell finds, beside sh and grep. */
  readonly programs?: readonly string[]
  /** What a session has in its environment beside, or in the place of, what sshd sets. */
  readonly env?: Readonly<Record<string, string>>
}

export interface SshServer {
  readonly port: number
  readonly folder: string
  /** Lets root in. */
  readonly keyFile: string
  /** Lets nobody in. */
  readonly otherKeyFile: string
  readonly knownHosts: string
  /** Has another key for this host. */
  readonly wrongKnownHosts: string
  /** Has no key at all. */
  readonly emptyKnownHosts: string
  /** An `ssh` that uses these files, for the front of a PATH: azl-vm is told no key and no known hosts. */
  readonly clientFolder: string
  /** What the servers said. */
  log(): string
  stop(): Promise<void>
}

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-ssh-'))
  const at = (name: string): string => join(folder, name)
  const keys = ['host', 'other-host', 'user', 'other-user']
  await Promise.all(keys.map((name) => makeKey(at(name))))
  await copyFile(at('user.pub'), at('authorized_keys'))
  const path = options.programs === undefined ? {} : { PATH: await programFolder(at('bin'), options.programs) }
  // Of several lines with SetEnv sshd reads the first.
  const env = Object.entries({ ...path, ...options.env }).map(([name, value]) => `"${name}=${value}"`)
  await writeFile(
    at('sshd_config'),
    [
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      // The folder lies below /tmp.
      'StrictModes no',
      'UsePAM no',
      // The default one, against quantum computers, takes far more of a busy machine.
      'KexAlgorithms curve25519-sha256',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      ...(env.length === 0 ? [] : [`SetEnv ${env.join(' ')}`]),
      '',
    ].join('\n'),
  )
  // sshd's own init script makes it.
  mkdirSync('/run/sshd', { recursive: true })
  const log: string[] = []
  const run = [sshd, '-i', '-e', '-f', at('sshd_config')] as const
  const command =
    options.inside === undefined
      ? run
      : (['nsenter', '--target', String(options.inside), '--mount', '--', ...run] as const)
  const server = await listenForProcess(
    () => command,
    (text) => void log.push(text),
  )
  await writeFile(at('known_hosts'), await knownHost(server.port, at('host.pub')))
  await writeFile(at('wrong_known_hosts'), await knownHost(server.port, at('other-host.pub')))
  await appendFile(at('empty_known_hosts'), '')
  await mkdir(at('client'))
  const client = ['-F', '/dev/null', '-i', at('user'), '-o', `UserKnownHostsFile=${at('known_hosts')}`].join(' ')
  await writeFile(at('client/ssh'), `#!/bin/sh\nexec /usr/bin/ssh ${client} "$@"\n`, { mode: 0o755 })
  return {
    port: server.port,
    folder,
    keyFile: at('user'),
    otherKeyFile: at('other-user'),
    knownHosts: at('known_hosts'),
    wrongKnownHosts: at('wrong_known_hosts'),
    emptyKnownHosts: at('empty_known_hosts'),
    clientFolder: at('client'),
    log: () => log.join(''),
    stop: async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function makeKey(file: string): Promise<void> {
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])
}

async function knownHost(port: number, publicKeyFile: string): Promise<string> {
  return `[127.0.0.1]:${port} ${await readFile(publicKeyFile, 'utf8')}`
}

async function programFolder(folder: string, programs: readonly string[]): Promise<string> {
  await mkdir(folder)
  const places: Readonly<Record<string, string>> = { sh: '/bin/sh', grep: '/bin/grep' }
  for (const name of ['sh', 'grep', ...programs]) await symlink(places[name] ?? `/usr/bin/${name}`, join(folder, name))
  return folder
}
