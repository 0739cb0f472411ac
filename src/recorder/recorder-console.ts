/** A console through a machine's recorder. It may be opened before there is a machine to listen to. */
import { AzlVmError, errorText } from '../errors.ts'
import type { ConsoleEnd, ConsoleHandle, ConsoleRequest } from '../provider/contract.ts'
import { recorderGone, type RecorderLine } from './recorder-line.ts'

export interface RecorderConsoleOptions {
  readonly line: RecorderLine
  readonly request: ConsoleRequest
  /** Of the machine, for errors. */
  readonly name: string
  /** Asked when the port is gone: a reset takes it away for a moment too. */
  readonly isOff: () => Promise<boolean>
}

/** How often the hypervisor is asked why the port is gone, milliseconds. */
const askEveryMs = 100

export class RecorderConsole implements ConsoleHandle {
  readonly ended: Promise<ConsoleEnd>
  readonly #options: RecorderConsoleOptions
  readonly #stop = new AbortController()
  #settle!: (end: ConsoleEnd) => void
  #wasConnected = false
  #isAsking = false

  private constructor(options: RecorderConsoleOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#wasConnected = options.line.report.state === 'connected'
  }

  /** Rejects with resource-busy where somebody else holds the port and the request takes nothing by force. */
  static async open(options: RecorderConsoleOptions): Promise<RecorderConsole> {
    const { line, request, name } = options
    const console = new RecorderConsole(options)
    const isGranted = await line.hold(
      { force: request.force === true },
      {
        onData: request.onData,
        onPort: ({ state }) => {
          if (state === 'connected') console.#wasConnected = true
          else if (console.#wasConnected) void console.#askWhy()
        },
        onTaken: () => {
          console.#end({ why: 'taken' })
        },
      },
    )
    if (!isGranted) {
      line.close()
      throw portIsHeld(name)
    }
    void line.ended.then(() => {
      console.#end({ why: 'broken', error: recorderGone() })
    })
    return console
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { line, name } = this.#options
    await this.#portIsBack()
    if (line.isEnded || line.report.state !== 'connected')
      throw new AzlVmError(
        'resource-busy',
        `the serial port of "${name}" is not connected: nothing can be typed there`,
        {
          hint: 'It is connected when the machine starts.',
        },
      )
    await line.write(bytes)
  }

  /** A port that hung up, as at a reset, comes back while the machine is on: what is typed waits for it. */
  async #portIsBack(): Promise<void> {
    const { line } = this.#options
    const { signal } = this.#stop
    while (this.#isAsking && !line.isEnded && !signal.aborted && line.report.state !== 'connected')
      await line.nextReport(askEveryMs, signal)
  }

  close(): Promise<void> {
    this.#end({ why: 'closed' })
    return Promise.resolve()
  }

  /** There is no machine any more to wait for. */
  machineGone(): void {
    this.#end({ why: 'machine-off' })
  }

  async #askWhy(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const { line, isOff } = this.#options
    try {
      while (!this.#stop.signal.aborted && line.report.state !== 'connected') {
        if (await isOff()) this.#end({ why: 'machine-off' })
        else await line.nextReport(askEveryMs, this.#stop.signal)
      }
    } catch (error) {
      this.#end({ why: 'broken', error: error instanceof Error ? error : new Error(errorText(error)) })
    } finally {
      this.#isAsking = false
    }
  }

  #end(end: ConsoleEnd): void {
    this.#settle(end)
    this.#stop.abort()
    this.#options.line.close()
  }
}

function portIsHeld(name: string): AzlVmError {
  return new AzlVmError('resource-busy', `somebody else holds the serial port of "${name}"`, {
    hint: '`azl-vm console --force` takes it over; `azl-vm logs --follow` reads along without it.',
  })
}
