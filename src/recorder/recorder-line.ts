/** A client's connection to a running recorder. While one is open, the recorder waits for the machine's start. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { AzlVmError } from '../errors.ts'
import {
  jsonOf,
  frame,
  frameKinds,
  FrameReader,
  type Answer,
  type Frame,
  type FrameKind,
  type Hello,
  type HoldRequest,
  type PortReport,
} from './frames.ts'
import type { RecorderNote } from './recorder-folder.ts'

export interface LineListener {
  readonly onData: (bytes: Uint8Array) => void
  readonly onPort: (report: PortReport) => void
  readonly onTaken: () => void
}

export class RecorderLine {
  /** Resolves when the connection has ended, by whom ever. */
  readonly ended: Promise<void>
  readonly #socket: Duplex
  readonly #unanswered: ((answer: Answer | undefined) => void)[] = []
  readonly #waiting = new Set<() => void>()
  #listener: LineListener | undefined
  #report: PortReport = { state: 'absent', connections: 0 }
  #isEnded = false

  private constructor(socket: Duplex) {
    this.#socket = socket
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      for (const each of reader.read(bytes)) this.#take(each)
    })
    // Its close follows.
    socket.on('error', () => undefined)
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isEnded = true
        for (const answer of this.#unanswered.splice(0)) answer(undefined)
        this.#tellWaiting()
        resolve()
      })
    })
  }

  /** Undefined where nobody answers there, or somebody who is no recorder of ours. */
  static async open({ address, token }: RecorderNote): Promise<RecorderLine | undefined> {
    const socket = connect(address)
    try {
      await once(socket, 'connect')
    } catch {
      return undefined
    }
    return await RecorderLine.over(socket, token)
  }

  /** On a connection to the recorder that is there already; undefined where it wants nothing of us. */
  static async over(connection: Duplex, token: string): Promise<RecorderLine | undefined> {
    const line = new RecorderLine(connection)
    const answer = await line.#ask(frameKinds.hello, { token } satisfies Hello)
    if (answer) return line
    line.close()
    return undefined
  }

  get report(): PortReport {
    return this.#report
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** False where somebody else holds the port and `force` is not given. Data begins with the answer. */
  async hold(request: HoldRequest, listener: LineListener): Promise<boolean> {
    this.#listener = listener
    const answer = await this.#ask(frameKinds.hold, request)
    if (!answer) throw recorderGone()
    if (!answer.isGranted) this.#listener = undefined
    return answer.isGranted
  }

  /** From here on the log is of the boot that follows. */
  async noteStart(): Promise<void> {
    if (!(await this.#ask(frameKinds.start))) throw recorderGone()
  }

  /** Types; the port must be connected. */
  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(frame(frameKinds.input, bytes), (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** Resolves at the next report, when the connection ends, or with the time. */
  async nextReport(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isEnded || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done, { once: true })
      this.#waiting.add(done)
    })
  }

  /** Ends the recorder; resolves when it is gone. */
  async endRecorder(): Promise<void> {
    this.#socket.write(frame(frameKinds.end))
    await this.ended
  }

  close(): void {
    this.#listener = undefined
    this.#socket.destroy()
  }

  async #ask(kind: FrameKind, content?: object): Promise<Answer | undefined> {
    if (this.#isEnded) return undefined
    return await new Promise((resolve) => {
      this.#unanswered.push(resolve)
      this.#socket.write(frame(kind, content))
    })
  }

  #take(said: Frame): void {
    switch (said.kind) {
      case frameKinds.answer:
        this.#unanswered.shift()?.(jsonOf(said) as Answer)
        return
      case frameKinds.data:
        this.#listener?.onData(said.content)
        return
      case frameKinds.port:
        this.#report = jsonOf(said) as PortReport
        this.#listener?.onPort(this.#report)
        this.#tellWaiting()
        return
      case frameKinds.taken:
        this.#listener?.onTaken()
        return
    }
  }

  #tellWaiting(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

export function recorderGone(): AzlVmError {
  return new AzlVmError('backend-failed', 'the recorder of the serial port ended', {
    hint: 'What the machine says until another one listens is lost; `azl-vm logs` says from when to when.',
  })
}
