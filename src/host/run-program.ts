/** A hypervisor's command line tool: an argument array in, what it said out. */
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { AzlVmError } from '../errors.ts'

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** After it the program is ended and the call rejects with `timed-out`. Default: none. Milliseconds. */
  readonly timeoutMs?: number
  /** What its texts are written in, as `TextDecoder` calls it. Default: utf-8. */
  readonly encoding?: string
  /** Each piece of stdout as it comes. */
  readonly onOutput?: (text: string) => void
}

export interface ProgramResult {
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** What a tool started may hold its stdout open: that long after its end nothing more is waited for. Milliseconds. */
const lastWordsMs = 200

/**
 * Runs a program to its end, whatever its exit code. No stdin, no window, no shell. Rejects with `cancelled`, `timed-out`
 * (the program is ended), `tool-missing`, or `permission-denied` where it may not be run.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, signal, timeoutMs, encoding, onOutput }: ProgramOptions,
): Promise<ProgramResult> {
  if (signal.aborted) throw new AzlVmError('cancelled', `interrupted before ${program} was run`)
  return await new Promise((resolve, reject) => {
    // A folder that a process works in cannot be removed on Windows.
    const child = spawn(program, args, {
      env,
      cwd: dirname(program),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      const decoder = new TextDecoder(encoding, { ignoreBOM: true })
      child[name].on('data', (bytes: Buffer) => {
        const text = decoder.decode(bytes, { stream: true })
        said[name] += text
        if (name === 'stdout') onOutput?.(text)
      })
    }
    let why: AzlVmError | undefined
    const end = (error: AzlVmError): void => {
      why ??= error
      child.kill()
    }
    const onAbort = (): void => {
      end(new AzlVmError('cancelled', `interrupted while ${program} ran`))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const late = (): void => {
      end(new AzlVmError('timed-out', `${program} did not end within ${String((timeoutMs ?? 0) / 1000)} s`))
    }
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
    const finish = (exitCode: number | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      child.stdout.destroy()
      child.stderr.destroy()
      if (why) reject(why)
      else resolve({ exitCode, ...said })
    }
    child.once('error', (error) => {
      why ??= notRun(program, error)
      finish(undefined)
    })
    child.once('exit', (exitCode) => {
      const lastWords = setTimeout(() => {
        finish(exitCode ?? undefined)
      }, lastWordsMs)
      child.once('close', () => {
        clearTimeout(lastWords)
        finish(exitCode ?? undefined)
      })
    })
  })
}

function notRun(program: string, cause: NodeJS.ErrnoException): AzlVmError {
  const code = cause.code === 'EACCES' || cause.code === 'EPERM' ? 'permission-denied' : 'tool-missing'
  return new AzlVmError(code, `${program} could not be started: ${cause.message}`, { cause })
}
