/** Runs the tool in a test, in this process. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { CommandEntry } from '../../src/cli/command.ts'
import type { App } from '../../src/commands/app.ts'
import { main } from '../../src/main.ts'

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url))

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder that is removed when the test is over. `files`: relative path to content. */
export async function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-vm-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

export interface RunOptions {
  /** Default: a new empty folder. */
  readonly cwd?: string
  /** Beside PATH and a temporary AZL_VM_HOME. */
  readonly env?: NodeJS.ProcessEnv
  /** What stdin brings before it ends. */
  readonly stdin?: string
  readonly signal?: AbortSignal
}

export interface RunMainOptions extends RunOptions {
  readonly app?: Partial<App>
  readonly entries?: readonly CommandEntry[]
  /** Which streams claim to be terminals. */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[]
  readonly columns?: number
  readonly now?: () => Date
}

/** `main(argv)` in this process; with `app` the application is not composed. */
export async function runMain(argv: readonly string[], options: RunMainOptions = {}): Promise<CliResult> {
  const { cwd, env } = await surroundings(options)
  const terminals = options.terminals ?? []
  const stdin = terminals.includes('stdin') ? new PassThrough() : Readable.from([options.stdin ?? ''])
  if (terminals.includes('stdin')) stdin.push(options.stdin ?? '')
  const stdout = new Collector()
  const stderr = new Collector()
  for (const [name, stream] of Object.entries({ stdin, stdout, stderr })) {
    if (!terminals.some((each) => each === name)) continue
    Object.assign(stream, { isTTY: true, columns: options.columns ?? 80 })
  }
  const { app } = options
  const exitCode = await main(argv, {
    env,
    cwd,
    stdin,
    stdout,
    stderr,
    now: options.now ?? (() => new Date()),
    signal: options.signal ?? new AbortController().signal,
    ...(app === undefined ? {} : { compose: () => Promise.resolve(app as App) }),
    ...(options.entries === undefined ? {} : { entries: options.entries }),
  })
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

async function surroundings(options: RunOptions): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const cwd = options.cwd ?? (await temporaryFolder())
  const home = options.env?.['AZL_VM_HOME'] ?? (await temporaryFolder())
  return { cwd, env: { PATH: process.env['PATH'], HOME: home, AZL_VM_HOME: home, ...options.env } }
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk))
    done()
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
