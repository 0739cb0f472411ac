// @ts-check
// This is about Linux, also where its tests run on Windows.
import { join } from 'node:path/posix'
import { rootPrefix, runAsRoot } from './apt.mjs'
import { SetupError } from './setup-error.mjs'

/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./platform.mjs').Platform} Platform
 * @typedef {import('./libvirt-socket.mjs').SocketState} SocketState
 * @typedef {(path: string) => Promise<SocketState>} Ask
 */

/** libvirtd's, and on hosts with one daemon for each driver virtproxyd's and virtqemud's. */
export const SYSTEM_SOCKETS = ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock']
const VIRTLOGD_SOCKET = '/run/libvirt/virtlogd-sock'
/** Measured: 2.9 s the first time, while libvirt asks each QEMU what it can; a busy small machine gets ten times that. */
const START_TIMEOUT_MS = 30_000
const LOOK_EVERY_MS = 50

/** @param {Host} host */
const cacheFolder = (host) => host.env['XDG_CACHE_HOME'] ?? join(host.env['HOME'] ?? '', '.cache')

/**
 * The user's own daemon's socket, as libvirt places it.
 * @param {Host} host
 */
export const sessionSocket = (host) => join(host.env['XDG_RUNTIME_DIR'] ?? cacheFolder(host), 'libvirt', 'libvirt-sock')

/**
 * @param {Ask} ask
 * @param {readonly string[]} paths
 * @returns {Promise<{ path: string, state: SocketState }>} the first that answers, else the most telling
 */
async function firstAnswer(ask, paths) {
  const found = await Promise.all(paths.map(async (path) => ({ path, state: await ask(path) })))
  const rank = /** @type {const} */ (['answers', 'denied', 'silent', 'absent'])
  const best = rank.flatMap((state) => found.filter((one) => one.state === state))[0]
  return best ?? { path: paths[0] ?? '', state: 'absent' }
}

/**
 * Sees that a libvirt answers: uses the one that does, else starts one, says so, and leaves it running.
 * Which one azl-vm talks to in the end is its own choice (LIBVIRT_DEFAULT_URI, else system, else the user's session).
 * @param {Host} host
 * @param {Platform} platform
 * @param {Ask} ask
 */
export async function ensureLibvirt(host, platform, ask) {
  const uri = host.env['LIBVIRT_DEFAULT_URI']
  if (uri !== undefined && uri !== '') {
    host.say(`libvirt: LIBVIRT_DEFAULT_URI is set (${uri}); that one is used and nothing is started.`)
    return
  }
  const found = await firstAnswer(ask, [...SYSTEM_SOCKETS, ...(host.uid === 0 ? [] : [sessionSocket(host)])])
  if (found.state === 'answers') {
    host.say(`libvirt: one answers at ${found.path}; it is used as it is.`)
    return
  }
  if (found.state === 'silent') {
    throw new SetupError(
      `libvirt at ${found.path} accepts connections and does not answer. Restart it, then run this again.`,
    )
  }
  if (found.state === 'denied') sayHowToJoinGroup(host, found.path)
  else if (platform.hasSystemd && (await startWithSystemd(host, ask))) return
  await (host.uid === 0 ? startSystemDaemon(host, ask) : startSessionDaemon(host, ask))
}

/**
 * @param {Host} host
 * @param {string} path
 */
function sayHowToJoinGroup(host, path) {
  host.say(`libvirt: ${path} is there, and ${host.user} may not open it. To use the system's libvirt:`)
  host.say(`  sudo usermod -aG libvirt ${host.user}      (then log in again)`)
  host.say('Until then your own libvirt (qemu:///session) does.')
}

/**
 * @param {Host} host
 * @param {Ask} ask
 * @returns {Promise<boolean>} whether this user can use it now
 */
async function startWithSystemd(host, ask) {
  const prefix = await rootPrefix(host)
  if (prefix === undefined) {
    host.say("libvirt: the system's service does not run, and starting it needs root (sudo systemctl start libvirtd).")
    return false
  }
  const unit = host.hasCommand('libvirtd') ? 'libvirtd' : 'virtqemud.socket'
  host.say(
    `libvirt: installed and not running. Starting the service; it is left running (stop: systemctl stop ${unit}).`,
  )
  await runAsRoot(host, prefix, ['systemctl', 'start', unit])
  const { state, path } = await waitForAnswer(host, () => firstAnswer(ask, SYSTEM_SOCKETS))
  if (state === 'answers') return true
  if (state === 'denied') sayHowToJoinGroup(host, path)
  if (state !== 'denied' || host.uid === 0)
    throw new SetupError(`libvirt does not answer. See: systemctl status ${unit}`)
  return false
}

/**
 * @param {Host} host
 * @param {Ask} ask
 */
async function startSystemDaemon(host, ask) {
  await ensureLockFolder(host)
  if ((await ask(VIRTLOGD_SOCKET)) === 'absent') {
    host.say(
      'libvirt: no systemd here. Starting its log service (virtlogd -d) and libvirtd under tini; they are left running.',
    )
    const { code, stderr } = await host.capture('virtlogd', ['-d'])
    if (code !== 0) throw new SetupError(`'virtlogd -d' failed (exit code ${code}): ${stderr.trim()}`)
  } else {
    host.say('libvirt: no systemd here, and virtlogd runs. Starting libvirtd under tini; it is left running.')
  }
  const stop = 'then kill "$(cat /run/virtlogd.pid)" for the log service'
  await startDaemon(host, ask, {
    socket: '/run/libvirt/libvirt-sock',
    args: [],
    log: '/var/log/azl-vm-libvirtd.log',
    stop,
  })
  sayKvmTrap(host)
}

/**
 * libvirt locks each serial port in /var/lock, which on Debian leads to /run/lock. An init makes that at boot; in a
 * container whose /run begins empty nobody did, and opening a console fails.
 * @param {Host} host
 */
async function ensureLockFolder(host) {
  if (host.exists('/var/lock')) return
  if (host.uid !== 0) {
    throw new SetupError('libvirt needs /run/lock, which no init made here: sudo install -d -m 1777 /run/lock')
  }
  host.say('libvirt: /var/lock leads to /run/lock, which is not there; making it, as an init would.')
  const { code, stderr } = await host.capture('install', ['-d', '-m', '1777', '/run/lock'])
  if (code !== 0) throw new SetupError(`making /run/lock failed (exit code ${code}): ${stderr.trim()}`)
}

/**
 * @param {Host} host
 * @param {Ask} ask
 */
async function startSessionDaemon(host, ask) {
  await ensureLockFolder(host)
  host.say('libvirt: starting your own (qemu:///session) under tini; it ends by itself two minutes after its last use.')
  const log = join(cacheFolder(host), 'azl-vm', 'libvirtd.log')
  await startDaemon(host, ask, {
    socket: sessionSocket(host),
    args: ['--timeout', '120'],
    log,
    stop: 'or let it end by itself',
  })
}

/**
 * libvirt asks QEMU questions through children that it abandons, and waits until they are gone; where PID 1 is slow to
 * collect them (many containers), each start and stop waits seconds. `tini -s` collects them at once.
 * @param {Host} host
 * @param {Ask} ask
 * @param {{ socket: string, args: readonly string[], log: string, stop: string }} daemon
 */
async function startDaemon(host, ask, { socket, args, log, stop }) {
  const libvirtd = ['libvirtd', ...args]
  const [command = '', ...rest] = host.hasCommand('tini') ? ['tini', '-s', '--', ...libvirtd] : libvirtd
  const daemon = host.detach(command, rest, log)
  const { state } = await waitForAnswer(host, async () => {
    const ended = daemon.ended()
    if (ended !== undefined)
      throw new SetupError(`libvirtd ended at once (${ended}). Its words, from ${log}:\n${tail(host, log)}`)
    return { path: socket, state: await ask(socket) }
  })
  if (state !== 'answers') {
    throw new SetupError(
      `libvirtd runs and has not answered in ${START_TIMEOUT_MS / 1000} s. Its words, from ${log}:\n${tail(host, log)}`,
    )
  }
  host.say(`libvirt: answers at ${socket}. To stop it: kill ${daemon.pid}, ${stop}. Its log: ${log}`)
}

/**
 * @param {Host} host
 * @param {() => Promise<{ path: string, state: SocketState }>} look
 */
async function waitForAnswer(host, look) {
  const deadline = host.now() + START_TIMEOUT_MS
  let found = await look()
  while ((found.state === 'absent' || found.state === 'silent') && host.now() < deadline) {
    await host.pause(LOOK_EVERY_MS)
    found = await look()
  }
  return found
}

/**
 * @param {Host} host
 * @param {string} log
 */
function tail(host, log) {
  return (host.read(log) ?? '(empty)').trimEnd().split('\n').slice(-10).join('\n')
}

/**
 * libvirt probes as root, finds KVM, and then starts QEMU as libvirt-qemu, who may not open the device.
 * @param {Host} host
 */
export function sayKvmTrap(host) {
  const device = host.stat('/dev/kvm')
  if (device === undefined) return
  // Nobody but root, whatever the group.
  const isRootOnly = (device.mode & 0o066) === 0 || ((device.mode & 0o006) === 0 && device.gid === 0)
  if (!isRootOnly) return
  host.say(
    'Note: /dev/kvm is open to root only, so QEMU, which libvirt runs as its own user, cannot use it. Machines are',
  )
  host.say('emulated then, and libvirt forgets what it learned about QEMU at each look. It was not changed. The cure:')
  host.say('  chgrp kvm /dev/kvm && chmod 0660 /dev/kvm')
}
