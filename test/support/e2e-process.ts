/** A process of the tool that a test talks to while it runs. */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Readable, Writable } from 'node:stream'

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface SpawnRequest {
  readonly command: readonly [file: string, ...args: string[]]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** Longer than anything takes on a busy machine, shorter than a test's own limit, so that the test says what it missed. */
const deadlineMs = 120_000

export class ToolProcess {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #wakers = new Set<() => void>()
  #stdout = ''
  #stderr = ''
  #end: Ended | undefined

  constructor({ command: [file, ...args], cwd, env }: SpawnRequest) {
    this.#child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#wake()
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    // Whoever does not read its stdin closes it; that is no fault of the test.
    this.#child.stdin.on('error', () => undefined)
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        const { stdout, stderr } = this
        this.#end = { exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr }
        this.#wake()
        resolve(this.#end)
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  type(text: string): void {
    this.#child.stdin.write(text)
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  /** Resolves once the output so far matches; rejects when the process ends without it. */
  async says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    const isSaid = (): boolean => pattern.test(stream === 'stdout' ? this.#stdout : this.#stderr)
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (isSaid()) resolve()
          else if (this.#end)
            reject(new Error(`it ended without saying ${String(pattern)} on ${stream}: ${this.#told()}`))
        }
        timer = setTimeout(() => {
          reject(new Error(`it did not say ${String(pattern)} on ${stream} in ${deadlineMs} ms: ${this.#told()}`))
        }, deadlineMs)
        this.#wakers.add(look)
        look()
      })
    } finally {
      clearTimeout(timer)
      this.#wakers.clear()
    }
  }

  #told(): string {
    return `\n--- stdout\n${this.#stdout.slice(-2000)}\n--- stderr\n${this.#stderr.slice(-4000)}`
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
  }
}

/** Waits for something that tells nobody when it comes (a file, a process): looked at again and again, with a deadline. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`)
    await delay(lookEveryMs)
  }
}

const lookEveryMs = 10
