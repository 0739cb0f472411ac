/** A process in Wine. The Windows build of Node takes no pipe as its stdout (open EBADF), so its output goes to files. */
import { spawn, type ChildProcess } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { until, type Ended, type SpawnRequest } from './e2e-process.ts'

interface WindowsRequest extends SpawnRequest {
  /** Of the files that take its output: `.stdout` and `.stderr` are added. */
  readonly output: string
  /** Undefined: stdin stays open until {@link WindowsProcess.endInput}. */
  readonly stdin: string | undefined
}

export class WindowsProcess {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #output: string
  #isEnded = false

  private constructor(child: ChildProcess, output: string) {
    this.#child = child
    this.#output = output
    // Whoever does not read its stdin closes it; that is no fault of the test.
    child.stdin?.on('error', () => undefined)
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        this.#isEnded = true
        Promise.all([this.text('stdout'), this.text('stderr')])
          .then(([stdout, stderr]) => {
            resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr })
          })
          .catch(reject)
      })
    })
  }

  static async start({ command: [file, ...args], cwd, env, output, stdin }: WindowsRequest): Promise<WindowsProcess> {
    const files = [await open(`${output}.stdout`, 'w'), await open(`${output}.stderr`, 'w')] as const
    const child = spawn(file, args, { cwd, env, stdio: ['pipe', files[0].fd, files[1].fd] })
    const started = new WindowsProcess(child, output)
    if (stdin !== undefined) child.stdin?.end(stdin)
    for (const each of files) await each.close()
    return started
  }

  async text(stream: 'stdout' | 'stderr'): Promise<string> {
    return await readFile(`${this.#output}.${stream}`, 'utf8')
  }

  /** As `kill -9`: nothing in it hears of that. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  /** Resolves once the output so far matches. */
  async says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    await until(`${String(pattern)} on ${stream}`, async () => {
      const text = await this.text(stream)
      if (pattern.test(text)) return true
      if (this.#isEnded) throw new Error(`it ended without saying ${String(pattern)} on ${stream}:\n${text}`)
      return undefined
    })
  }
}
