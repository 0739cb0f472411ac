// @ts-check
// The outside world of the set-up: processes, files and who we are. Everything else in this folder gets it as a
// parameter, so that tests can hand in a host of their own.
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/**
 * @typedef {{ code: number, stdout: string, stderr: string }} Captured
 * @typedef {{ cwd?: string, env?: Record<string, string> }} RunOptions
 * @typedef {object} Host
 * @property {NodeJS.Platform} platform
 * @property {string} arch
 * @property {number | undefined} uid
 * @property {string} user
 * @property {boolean} interactive a person is at the terminal and can type a password
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {(line: string) => void} say the story, to stderr
 * @property {(text: string) => void} print results, to stdout
 * @property {(path: string) => boolean} exists
 * @property {(path: string) => string | undefined} read
 * @property {(path: string) => { mode: number, uid: number, gid: number } | undefined} stat
 * @property {(command: string) => boolean} hasCommand
 * @property {(command: string, args: readonly string[], options?: RunOptions) => Promise<Captured>} capture
 * @property {(command: string, args: readonly string[], options?: RunOptions) => Promise<number>} run the output goes to ours
 * @property {(command: string, args: readonly string[], logFile: string) => Detached} detach
 * @property {() => number} now
 * @property {(delayMs: number) => Promise<void>} pause
 *
 * @typedef {object} Detached
 * @property {number | undefined} pid
 * @property {() => string | undefined} ended why it is gone, or undefined while it runs
 */

/** Some systems keep daemons out of a user's PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string | undefined>}
 */
function withSystemFolders(env) {
  if (process.platform === 'win32') return env
  return { ...env, PATH: [env['PATH'], ...SYSTEM_FOLDERS].filter(Boolean).join(delimiter) }
}

/**
 * While a child has our terminal, signals are its business: it cleans up, and we wait for it. Ctrl-C at a terminal
 * reaches the child by itself, and a second one would tell it to hurry; what was sent to us alone is passed on.
 * @param {import('node:child_process').ChildProcess} child
 */
function passSignalsOn(child) {
  const onInterrupt = () => void (process.stdin.isTTY || child.kill('SIGINT'))
  const onTerminate = () => void child.kill('SIGTERM')
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  child.on('close', () => process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate))
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {(child: import('node:child_process').ChildProcess) => void} [attend]
 * @returns {Promise<Captured>}
 */
function finish(command, args, options, attend) {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], options)
    attend?.(child)
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
    // 127 is what a shell answers for a command that is not there.
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: stderr + error.message }))
    child.on('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), stdout, stderr }))
  })
}

/** @returns {Host} */
export function systemHost() {
  const base = withSystemFolders(process.env)
  /** @param {RunOptions} [options] */
  const settings = (options) => ({ cwd: options?.cwd, env: { ...base, ...options?.env } })
  return {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.(),
    user: process.env['USER'] ?? process.env['LOGNAME'] ?? '$USER',
    interactive: process.stdin.isTTY === true && process.env['CI'] === undefined,
    env: process.env,
    say: (line) => void process.stderr.write(`${line}\n`),
    print: (text) => void process.stdout.write(text),
    exists: existsSync,
    read: (path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return undefined
      }
    },
    stat: (path) => statSync(path, { throwIfNoEntry: false }),
    hasCommand: (command) =>
      (base['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, command))),
    // Answers are read by us: keep them in English.
    capture: (command, args, options) =>
      finish(command, args, {
        ...settings({ ...options, env: { LC_ALL: 'C', ...options?.env } }),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    run: async (command, args, options) =>
      (await finish(command, args, { ...settings(options), stdio: 'inherit' }, passSignalsOn)).code,
    detach: (command, args, logFile) => detach(command, args, logFile, base),
    now: () => Date.now(),
    pause: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  }
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Starts a process in a session of its own that outlives us.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} logFile
 * @param {Record<string, string | undefined>} env
 * @returns {Detached}
 */
function detach(command, args, logFile, env) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(command, [...args], { detached: true, stdio: ['ignore', log, log], env })
  /** @type {string | undefined} */
  let ended
  child.on('error', (error) => (ended = error.message))
  child.on('exit', (code, signal) => (ended = signal === null ? `exit code ${code}` : `signal ${signal}`))
  closeSync(log)
  child.unref()
  return { pid: child.pid, ended: () => ended }
}
