/**
 * A real libvirtd for tests, with nothing of the machine's own libvirt in it: own mount, network and process
 * namespaces, own state, own virtlogd. Several run at once. Everything ends with `stop()`, and equally when the test
 * process dies in whatever way: a shell outside waits for the end of its input, kills the namespace and removes the
 * state.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync, watch } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface LibvirtDaemon {
  /** `qemu+unix:///system?socket=...` */
  readonly uri: string
  /** `test+unix:///default?socket=...`: libvirt's own fake hypervisor behind the same daemon. */
  readonly testUri: string
  readonly socketPath: string
  /** The first process outside of the namespaces: `nsenter -t PID` of its child reaches the guests' network. */
  readonly pid: number
  /** The state folder on this side; `images` is what the daemon sees as /var/lib/libvirt/images. */
  readonly folder: string
  /** Kills all of it and removes its state; resolves when that is done. Repeating it is fine. */
  stop(): Promise<void>
}

export interface LibvirtDaemonOptions {
  /** How long the socket may take to appear, default 30 s. */
  readonly deadlineMs?: number
  /** Lines for libvirtd.conf; with them it also listens on TCP and TLS, in its own network namespace. */
  readonly listen?: readonly string[]
}

const tools = ['libvirtd', 'virtlogd', 'tini', 'unshare', 'setpriv', 'ip', 'mount'] as const

let unavailable: { readonly reason: string | undefined } | undefined

/** Why no daemon can be started here, or undefined where one can. The answer is kept. */
export function libvirtUnavailable(): string | undefined {
  unavailable ??= { reason: findReason() }
  return unavailable.reason
}

function findReason(): string | undefined {
  if (process.platform !== 'linux') return `libvirtd runs on Linux, and this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'namespaces for libvirtd need root'
  const missing = tools.filter((tool) => !isInstalled(tool))
  if (missing.length > 0) {
    return `not installed: ${missing.join(', ')} (apt-get install libvirt-daemon-system tini util-linux iproute2)`
  }
  const probe = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', '--mount-proc', 'true'], {
    encoding: 'utf8',
  })
  return probe.status === 0 ? undefined : `no namespaces here: ${probe.stderr.trim()}`
}

function isInstalled(tool: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Inside the namespaces: our folders in place of the machine's, then the two daemons below a reaper. */
const insideScript = `
set -e
S=$1
ip link set lo up
mkdir -p /run/lock /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /var/log/swtpm
mount --bind "$S/run" /run/libvirt
mount --bind "$S/lib" /var/lib/libvirt
mount --bind "$S/etc" /etc/libvirt
mount --bind "$S/cache" /var/cache/libvirt
mount --bind "$S/log" /var/log/libvirt
mount --bind "$S/log-swtpm" /var/log/swtpm
# Locks of serial ports name a process by its number, which is another one's in the next daemon's namespace.
mount --bind "$S/lock" /run/lock
[ -e "$S/kvm" ] && mount --bind "$S/kvm" /dev/kvm
listen=; [ -e "$S/libvirtd.conf" ] && listen=--listen
exec tini -s -- sh -c 'virtlogd -d -p /run/libvirt/virtlogd.pid; exec libvirtd -p /run/libvirt/libvirtd.pid $1' sh $listen
`

/**
 * Outside: makes the folders, starts the inside, and ends it when our input ends, which it does when the test
 * process closes it or is gone. /dev/kvm gets the group that a real host gives it, on a node of our own: with the
 * wrong one libvirt probes QEMU again at every look-up.
 */
const outsideScript = `
S=$1
mkdir -p "$S/run" "$S/lib/images" "$S/etc" "$S/cache" "$S/log/qemu" "$S/log-swtpm" "$S/lock"
chmod 711 "$S" "$S/lib" "$S/lib/images"
cp -a /etc/libvirt/. "$S/etc/"
[ -e "$S/libvirtd.conf" ] && cat "$S/libvirtd.conf" >>"$S/etc/libvirtd.conf"
[ -d /var/log/swtpm ] && cp -a --attributes-only /var/log/swtpm/. "$S/log-swtpm/"
install -d -m 750 -o libvirt-qemu -g libvirt-qemu "$S/lib/qemu" 2>/dev/null || mkdir -p "$S/lib/qemu"
chown libvirt-qemu "$S/lib/images" 2>/dev/null || true
if [ -e /dev/kvm ]; then mknod "$S/kvm" c 10 232 && chgrp kvm "$S/kvm" && chmod 0660 "$S/kvm"; fi
setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
  sh -c "$2" sh "$S" >"$S/out" 2>&1 </dev/null &
inside=$!
cat >/dev/null
kill -9 $inside 2>/dev/null
wait $inside 2>/dev/null
rm -rf "$S" 2>/dev/null
while [ -e "$S" ]; do sleep 0.05; rm -rf "$S"; done
`

/** Starts a daemon and resolves when it takes connections. Call `stop()` when done; forgetting it leaks until exit. */
export async function startLibvirtDaemon(options: LibvirtDaemonOptions = {}): Promise<LibvirtDaemon> {
  const reason = libvirtUnavailable()
  if (reason !== undefined) throw new Error(`no libvirt daemon for tests: ${reason}`)
  const folder = await mkdtemp(join(tmpdir(), 'azl-lv-'))
  const runFolder = join(folder, 'run')
  await mkdir(runFolder)
  if (options.listen) await writeFile(join(folder, 'libvirtd.conf'), options.listen.map((line) => `${line}\n`).join(''))
  await lendCache(join(folder, 'cache'))
  const shell = spawn('sh', ['-c', outsideScript, 'sh', folder, insideScript], {
    stdio: ['pipe', 'ignore', 'inherit'],
    // A Ctrl-C in the terminal goes to the tests, which then stop us in order.
    detached: true,
  })
  const socketPath = join(runFolder, 'libvirt-sock')
  const stop = stopper(shell, folder)
  try {
    await whenListening(socketPath, runFolder, shell, options.deadlineMs ?? 30_000)
  } catch (error) {
    const output = await readFile(join(folder, 'out'), 'utf8').catch(() => '')
    await stop()
    throw new Error(`libvirtd did not start: ${String(error)}\n${output.slice(-2000)}`, { cause: error })
  }
  return {
    uri: `qemu+unix:///system?socket=${socketPath}`,
    testUri: `test+unix:///default?socket=${socketPath}`,
    socketPath,
    pid: shell.pid ?? 0,
    folder,
    stop,
  }
}

function stopper(shell: ChildProcess, folder: string): () => Promise<void> {
  let stopping: Promise<void> | undefined
  const exited = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve())
    shell.once('error', () => resolve())
  })
  return () => {
    stopping ??= keepCache(join(folder, 'cache'))
      .catch(() => undefined)
      .then(() => {
        shell.stdin?.end()
        return exited
      })
    return stopping
  }
}

/** Waits for the socket file, told by the folder's own changes, and for somebody to listen at it. */
function whenListening(path: string, folder: string, shell: ChildProcess, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      watcher.close()
      shell.off('exit', onExit)
      act()
    }
    const attempt = (): void => {
      if (!existsSync(path)) return
      const socket = connect(path)
      socket.once('connect', () => {
        socket.destroy()
        settle(resolve)
      })
      // The file is there before anybody listens: the folder changes again (the read-only socket) right after.
      socket.once('error', () => socket.destroy())
    }
    const onExit = (code: number | null): void => settle(() => reject(new Error(`exit code ${code}`)))
    const timer = setTimeout(() => settle(() => reject(new Error(`no socket after ${deadlineMs} ms`))), deadlineMs)
    const watcher = watch(folder, attempt)
    shell.once('exit', onExit)
    attempt()
  })
}

/**
 * What libvirt learnt about the QEMU programs (2 s of probing). libvirt itself checks that an entry is still true,
 * so that an old one does no harm.
 */
const sharedCache = join(tmpdir(), `azl-vm-libvirt-capabilities-${process.getuid?.() ?? 0}`)
const capabilities = join('qemu', 'capabilities')

async function lendCache(to: string): Promise<void> {
  await copyNew(sharedCache, join(to, capabilities))
}

async function keepCache(from: string): Promise<void> {
  await copyNew(join(from, capabilities), sharedCache)
}

/** Each file appears whole or not at all, because another test may be reading. */
async function copyNew(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  await chmod(to, 0o700)
  const names = (await readdir(from).catch(() => [])).filter((name) => name.endsWith('.xml'))
  for (const name of names) {
    const partial = join(to, `.${name}.${process.pid}`)
    await copyFile(join(from, name), partial)
    await rename(partial, join(to, name))
  }
}
