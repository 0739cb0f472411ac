/**
 * The user's own daemon (`qemu:///session`), started when nobody listens at its socket, as libvirt's own client does
 * it (src/rpc/virnetsocket.c): `virtqemud --timeout=120`, or `libvirtd` where libvirt is one daemon. It ends by itself
 * when it has had neither clients nor machines for two minutes. libvirt's client holds a lock file meanwhile; here
 * the daemon's own lock on its pid file decides, and who comes second waits for the first one's socket.
 */
import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { access, constants, mkdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { posix } from 'node:path'
import { AbortedError, ConnectionError } from '../errors.ts'
import type { ConnectionTarget, UriEnvironment } from '../uri.ts'
import type { DialOptions } from './dialer.ts'

const idleSeconds = 120

/** How long the socket of a daemon that another process is starting may take. */
const otherStartMs = 15_000

/** Where daemons are that no ordinary user has in PATH. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

export async function startUserDaemon(
  target: ConnectionTarget,
  tryToConnect: () => Promise<Socket | undefined>,
  options: DialOptions,
): Promise<Socket> {
  const { signal } = options
  const env = options.env ?? process.env
  const program = await findProgram(target.daemons, env)
  if (program === undefined) throw notInstalled(target)
  // A user who logs in by other means than the desktop may have no such folder yet.
  await mkdir(posix.dirname(target.socketPath), { recursive: true, mode: 0o700 }).catch(() => undefined)
  const end = await run(program, env, signal)
  const connected = await tryToConnect()
  if (connected !== undefined) return connected
  const failure = end.exitCode === 0 ? undefined : end
  const others = failure === undefined ? undefined : await whenListening(target.socketPath, tryToConnect, signal)
  if (others !== undefined) return others
  throw new ConnectionError('daemon-failed', `${program} does not listen at ${target.socketPath}`, {
    cause: new Error(end.stderr.trim() === '' ? `exit code ${end.exitCode}` : end.stderr.trim()),
    hint: `See why: run ${program} --timeout=${idleSeconds} in a terminal.`,
  })
}

async function findProgram(names: readonly string[], env: UriEnvironment): Promise<string | undefined> {
  // libvirt's own variables for daemons that are not installed (src/remote/remote_sockets.c).
  const named = env['VIRTD_PATH'] ?? env['LIBVIRTD_PATH']
  const folders = named === undefined ? [...(env['PATH'] ?? '').split(':'), ...systemFolders] : [named]
  for (const name of names) {
    for (const folder of folders.filter((each) => each.startsWith('/'))) {
      const file = posix.join(folder, name)
      if (await isExecutable(file)) return file
    }
  }
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

interface Started {
  readonly exitCode: number | null
  readonly stderr: string
}

/** With `--daemon` the first process ends when the daemon listens, or has failed. */
function run(program: string, env: UriEnvironment, signal: AbortSignal | undefined): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['--daemon', `--timeout=${idleSeconds}`], {
      cwd: '/',
      env: { ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4096)))
    const onAbort = (): void => {
      settle()
      // Whoever comes next is glad of the daemon: it is left to start.
      child.unref()
      reject(new AbortedError('starting the user’s own libvirt', signal?.reason))
    }
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort)
      child.stderr.destroy()
    }
    signal?.addEventListener('abort', onAbort)
    child.once('error', (cause) => {
      settle()
      reject(new ConnectionError('daemon-failed', `${program} cannot be started`, { cause }))
    })
    child.once('exit', (exitCode) => {
      settle()
      resolve({ exitCode, stderr })
    })
  })
}

/** Waits for a daemon that another process is starting: the folder's own changes tell of the socket. */
function whenListening(
  path: string,
  tryToConnect: () => Promise<Socket | undefined>,
  signal: AbortSignal | undefined,
): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    let isSettled = false
    const settle = (act: () => void): void => {
      isSettled = true
      clearTimeout(timer)
      watcher.close()
      signal?.removeEventListener('abort', onAbort)
      act()
    }
    const look = (): void => {
      tryToConnect().then(
        (socket) => {
          if (socket === undefined) return
          if (isSettled) socket.destroy()
          else settle(() => resolve(socket))
        },
        (error: unknown) => {
          if (!isSettled) settle(() => reject(error instanceof Error ? error : new Error(String(error))))
        },
      )
    }
    const onAbort = (): void => settle(() => reject(new AbortedError('connecting', signal?.reason)))
    const watcher = watch(posix.dirname(path), look)
    watcher.on('error', () => undefined)
    const timer = setTimeout(() => settle(() => resolve(undefined)), otherStartMs)
    signal?.addEventListener('abort', onAbort)
    look()
  })
}

function notInstalled(target: ConnectionTarget): ConnectionError {
  const names = target.daemons.join(' or ')
  return new ConnectionError('socket-missing', `there is no libvirt socket at ${target.socketPath}, and no ${names}`, {
    hint: 'Install libvirt: on Debian and Ubuntu sudo apt-get install libvirt-daemon, on Fedora libvirt-daemon-kvm.',
  })
}
