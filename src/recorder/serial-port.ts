/** A serial port that a hypervisor serves as a named pipe or a local socket: there while the machine is on, and one client's at a time. */
import { connect, type Socket } from 'node:net'
import { AzlVmError } from '../errors.ts'
import { hasCode } from '../store/atomic-file.ts'
import type { PortReport } from './frames.ts'

export interface SerialPortOptions {
  readonly path: string
  readonly onBytes: (bytes: Buffer) => void
  readonly onReport: (report: PortReport) => void
}

/** From before the start until it is connected: what a guest says before somebody listens is lost. Milliseconds. */
const beforeStartMs = 20
/** Afterwards: a reset may take the port away for a moment. Milliseconds. */
const afterStartMs = 100

/**
 * Connects again and again. It never asks whether the path is there: on Windows that very question opens the pipe
 * (dotnet/runtime#69604), and the one client would be the asker.
 */
export class SerialPort {
  readonly #options: SerialPortOptions
  #report: PortReport = { state: 'absent', connections: 0 }
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #everyMs = beforeStartMs
  #isClosed = false

  constructor(options: SerialPortOptions) {
    this.#options = options
    this.#connect()
  }

  get report(): PortReport {
    return this.#report
  }

  /** A start is near: looks as often as at first. */
  expectStart(): void {
    this.#everyMs = beforeStartMs
  }

  /** Resolves when the hypervisor has taken the bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket
    if (!socket || this.#report.state !== 'connected')
      throw new AzlVmError('resource-busy', 'the serial port is not connected')
    await new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect(this.#options.path)
    this.#socket = socket
    socket.once('connect', () => {
      // Where it may only read, libuv opens a pipe without a word about it.
      if (!socket.writable) {
        this.#say('denied')
        socket.destroy()
        return
      }
      this.#everyMs = afterStartMs
      this.#report = { ...this.#report, connections: this.#report.connections + 1 }
      this.#say('connected')
    })
    socket.on('data', this.#options.onBytes)
    socket.on('error', (error) => {
      if (this.#report.state !== 'connected') this.#say(stateOf(error))
    })
    socket.once('close', () => {
      if (this.#isClosed) return
      if (this.#report.state === 'connected') this.#say('absent')
      this.#timer = setTimeout(() => {
        this.#connect()
      }, this.#everyMs)
    })
  }

  #say(state: PortReport['state']): void {
    if (this.#isClosed || (state === this.#report.state && state !== 'connected')) return
    this.#report = { ...this.#report, state }
    this.#options.onReport(this.#report)
  }
}

function stateOf(error: Error): PortReport['state'] {
  if (hasCode(error, 'EACCES', 'EPERM')) return 'denied'
  // A pipe that has another client is EBUSY.
  return hasCode(error, 'EBUSY', 'EAGAIN') ? 'busy' : 'absent'
}
