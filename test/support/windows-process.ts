/** A process in Wine. The Windows build of Node takes no pipe of Linux as one of its streams (open EBADF), so its output goes to files. */
import { spawn, type ChildProcess } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { until, type Ended, type SpawnRequest } from './e2e-process.ts'

interface WindowsRequest extends SpawnRequest {
  /** Of the files that take its output: `.stdout` and `.stderr` are added. */
  readonly output: string
}

export class WindowsProcess {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #output: string
  #isEnded = false

  private constructor(child: ChildProcess, output: string) {
    this.#child = child
    this.#output = output
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

  static async start({ command: [file, ...args], cwd, env, output }: WindowsRequest): Promise<WindowsProcess> {
    const files = [await open(`${output}.stdout`, 'w'), await open(`${output}.stderr`, 'w')] as const
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', files[0].fd, files[1].fd] })
    const started = new WindowsProcess(child, output)
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
