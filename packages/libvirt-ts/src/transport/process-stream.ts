/** The standard input and output of a process as one byte stream, whose end says why the process ended. */
import type { ChildProcessByStdio } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Readable, Writable } from 'node:stream'

export interface ProcessEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  /** The last of what it said. */
  readonly stderr: string
}

const keptStderrLength = 8192

export class ProcessStream extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  #stderr = ''
  #hasOutput = false

  /** `explain` makes the error of a process that failed, or that ended without a byte. */
  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, explain: (end: ProcessEnd | Error) => Error) {
    super({ allowHalfOpen: false })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptStderrLength)
    })
    child.stdout.on('data', (chunk: Buffer) => {
      this.#hasOutput = true
      if (!this.push(chunk)) child.stdout.pause()
    })
    // What broke the pipe is told by the end of the process.
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => this.destroy(explain(error)))
    child.once('close', (exitCode) => {
      if (exitCode === 0 && this.#hasOutput) this.push(null)
      else this.destroy(explain({ exitCode, stderr: this.#stderr }))
    })
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, (error) => {
      if (error === undefined || error === null) done()
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill()
    done(error)
  }
}
