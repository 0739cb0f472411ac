/**
 * A client's connection to a running recorder. While one is open, the recorder waits for the machine's start. What it
 * does not answer in time, as when somebody stopped its process, ends the connection: nobody waits for it without end.
 */
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

/** How long a recorder may take to an answer, which is the work of a moment. Milliseconds. */
const answerMs = 10_000

export class RecorderLine {
  /** Resolves when the connection has ended, by whom ever. */
  readonly ended: Promise<void>
  readonly #socket: Duplex
  readonly #pid: number
  readonly #unanswered: ((answer: Answer | undefined) => void)[] = []
  readonly #waiting = new Set<() => void>()
  #listener: LineListener | undefined
  #report: PortReport = { state: 'absent', connections: 0 }
  #isEnded = false

  private constructor(socket: Duplex, pid: number) {
    this.#socket = socket
    this.#pid = pid
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

  /** Undefined where nobody is there, or somebody who is no recorder of ours; `timed-out` where it does not answer. */
  static async open(note: RecorderNote): Promise<RecorderLine | undefined> {
    const socket = connect(note.address)
    try {
      await once(socket, 'connect')
    } catch {
      return undefined
    }
    return await RecorderLine.over(socket, note)
  }

  /** On a connection to the recorder that is there already; undefined where it wants nothing of us. */
  static async over(
    connection: Duplex,
    { pid, token }: Pick<RecorderNote, 'pid' | 'token'>,
  ): Promise<RecorderLine | undefined> {
    const line = new RecorderLine(connection, pid)
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
    await this.#ask(frameKinds.end)
  }

  close(): void {
    this.#listener = undefined
    this.#socket.destroy()
  }

  async #ask(kind: FrameKind, content?: object): Promise<Answer | undefined> {
    if (this.#isEnded) return undefined
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close()
        reject(recorderSilent(this.#pid))
      }, answerMs)
      this.#unanswered.push((answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
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

function recorderSilent(pid: number): AzlVmError {
  return new AzlVmError('timed-out', `the recorder of the serial port (pid ${pid}) does not answer`, {
    hint: 'Let its process go on where something stopped it, or end it by force: another one is begun then.',
  })
}
