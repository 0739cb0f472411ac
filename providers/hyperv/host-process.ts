/** A PowerShell process with one of our scripts on the host of Hyper-V: this computer, or another one through ssh. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { AzlVmError } from '../../src/errors.ts'
import { sshArguments } from '../../src/host/ssh-command.ts'
import { sshError } from '../../src/host/ssh-failure.ts'
import type { ProviderContext } from '../../src/provider/contract.ts'
import type { Via } from '../../src/provider/machine.ts'
import type { HostChoice } from './host.ts'
import { localLaunch, type Launch } from './launch.ts'
import { bootstrapCommand, scriptBundle, type EntryScript } from './scripts.ts'
import { readStreamLine } from './stream-line.ts'

/** How a process ended. */
export interface ProcessEnd {
  /** For people, e.g. `exit code 1`. */
  readonly how: string
  /** Where the process, or the way to it, never came to our script. */
  readonly error: AzlVmError | undefined
}

/** Its raw streams. Standard error is for the log and for errors only. */
export interface HostProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Once it is gone and all that it said was read. Never rejects. */
  readonly ended: Promise<ProcessEnd>
  /** At once. On another computer the script sees its standard input end, and leaves. */
  kill(): void
}

/** Begins it without waiting for anything: what fails is told by `ended`. */
export function startOnHost(
  choice: HostChoice,
  entry: EntryScript,
  context: Pick<ProviderContext, 'env'>,
): HostProcess {
  return choice.via === undefined
    ? startLocal(localLaunch(entry, context))
    : new RemoteProcess(choice.via, entry, context.env)
}

export function startLocal(launch: Launch): HostProcess {
  const child = spawn(launch.command, launch.args, {
    env: launch.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  // Its end is heard by `close`; a write that comes too late is told by that.
  child.stdin.on('error', () => undefined)
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: endOf(child, (cause) => startError(launch.command, cause)),
    kill: () => void child.kill('SIGKILL'),
  }
}

async function endOf(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  explain: (cause: NodeJS.ErrnoException) => AzlVmError,
): Promise<ProcessEnd> {
  return await new Promise((resolve) => {
    child.once('error', (cause) => {
      resolve({ how: cause.message, error: explain(cause) })
    })
    child.once('close', (code, signal) => {
      resolve({ how: code === null ? `signal ${String(signal)}` : `exit code ${String(code)}`, error: undefined })
    })
  })
}

function startError(command: string, cause: NodeJS.ErrnoException): AzlVmError {
  if (cause.code === 'ENOENT')
    return new AzlVmError('tool-missing', `Windows PowerShell 5.1 is not at ${command}`, {
      cause,
      hint: 'It is part of Windows; Hyper-V cannot be driven without it.',
    })
  const code = cause.code === 'EACCES' || cause.code === 'EPERM' ? 'permission-denied' : 'backend-failed'
  return new AzlVmError(code, `${command} could not be started`, { cause })
}

/** What bootstrap.ps1 says, a line each. */
const wantsScripts = 'azl-vm:send'
const isReady = 'azl-vm:ready'

/** More than any login shell's greeting; what says more is no host of ours. Bytes. */
const longestGreeting = 65_536

/** bootstrap.ps1's own exit codes: why our script was not begun. */
const bootstrapFaults: Readonly<Record<string, string>> = {
  'exit code 6': 'our scripts arrived there changed',
}

/**
 * Behind ssh. The streams can be used at once: what is written waits until our script is there. The login shell and
 * its greeting come before it, and are no output of the script.
 */
class RemoteProcess implements HostProcess {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly ended: Promise<ProcessEnd>
  readonly #via: Via
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined
  #isKilled = false
  #isReady = false
  /** ssh, the login shell, and PowerShell's standard error. */
  #said = ''

  constructor(via: Via, entry: EntryScript, env: NodeJS.ProcessEnv) {
    this.#via = via
    this.ended = this.#run(entry, env)
  }

  kill(): void {
    this.#isKilled = true
    this.#child?.kill('SIGKILL')
  }

  async #run(entry: EntryScript, env: NodeJS.ProcessEnv): Promise<ProcessEnd> {
    const [command, bundle] = await Promise.all([bootstrapCommand(), scriptBundle()])
    if (this.#isKilled) return this.#finish({ how: 'it was ended', error: undefined })
    // ssh's own words decide what a failure is: not in another language.
    const child = spawn('ssh', sshArguments(this.#via, command), {
      env: { ...env, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    this.#child = child
    child.stdin.on('error', () => undefined)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#hear(text)
    })
    const ended = endOf(child, sshMissing)
    child.stdin.write(`${bundle.digest} ${String(bundle.bytes.length)} ${entry}\n`)
    await this.#greet(child, bundle.bytes)
    const end = await ended
    return this.#finish({ ...end, error: end.error ?? this.#explain(end.how) })
  }

  /** Until the script is there; it returns too where it never comes. */
  async #greet(child: ChildProcessByStdio<Writable, Readable, Readable>, scripts: Buffer): Promise<void> {
    for (;;) {
      const line = await readStreamLine(child.stdout, longestGreeting)
      if (line === undefined) {
        child.stdin.end()
        child.stdout.resume()
        return
      }
      if (line === wantsScripts) child.stdin.write(scripts)
      else if (line === isReady) break
      // The one line that a restricted PowerShell can say is for the reader of the answers.
      else if (line.startsWith('{')) this.stdout.write(`${line}\n`)
      else this.#hear(`${line}\n`)
    }
    this.#isReady = true
    child.stdout.pipe(this.stdout, { end: false })
    this.stdin.pipe(child.stdin)
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-longestGreeting)
    this.stderr.write(text)
  }

  #explain(how: string): AzlVmError | undefined {
    if (this.#isKilled) return undefined
    if (how === 'exit code 255') return sshError(this.#via, this.#said)
    if (this.#isReady || how === restricted) return undefined
    const why = bootstrapFaults[how] ?? `it ended with ${how} before our script began`
    const said = this.#said.split(/\r?\n/).filter((line) => line !== '')
    return new AzlVmError('host-not-ready', `Windows PowerShell cannot be used at ${this.#via.host}: ${why}`, {
      cause: new Error(how),
      evidence: said.slice(-10),
      hint: `It must be there: ssh ${this.#via.host} powershell.exe -NoProfile -Command Get-Date.`,
    })
  }

  async #finish(end: ProcessEnd): Promise<ProcessEnd> {
    this.stdout.end()
    this.stderr.end()
    this.stdin.destroy()
    if (!this.stdout.readableEnded && this.stdout.readableLength > 0) await once(this.stdout, 'end')
    return end
  }
}

/** After the one line that tells its language mode. */
const restricted = 'exit code 3'

function sshMissing(cause: NodeJS.ErrnoException): AzlVmError {
  return new AzlVmError('tool-missing', 'ssh cannot be started', {
    cause,
    hint: 'Install the OpenSSH client: part of Windows (Add-WindowsCapability -Online -Name OpenSSH.Client), elsewhere openssh-client.',
  })
}
