/** Pings on a silent line. Both sides may ask; who is asked answers at once. */
import { ConnectionError, ProtocolError } from '../errors.ts'
import type { FrameHeader } from './frame.ts'
import { keepaliveProcedures, messageStatuses, messageTypes, programs, programVersions } from './limits.ts'

export interface KeepaliveSettings {
  readonly intervalMs: number
  readonly count: number
}

export interface KeepalivePort {
  /** `onTaken`: the bytes have left our memory. */
  send(header: FrameHeader, onTaken: () => void): void
  onDead(error: ConnectionError): void
}

/**
 * How many of our messages may wait to be read. A daemon asks every five seconds at the most eagerly, and hangs up after
 * five answers that did not come (`keepalive_interval`, `keepalive_count` of libvirtd.conf).
 */
const maxWaiting = 100

export class Keepalive {
  readonly #port: KeepalivePort
  #timer: NodeJS.Timeout | undefined
  #unanswered = 0
  /** Messages of ours that the daemon has not taken from the line. */
  #waiting = 0
  #hasHeard = false

  constructor(port: KeepalivePort) {
    this.#port = port
  }

  /** Any byte from the daemon proves that it lives. */
  heard(): void {
    this.#hasHeard = true
  }

  receive(frame: FrameHeader): void {
    if (frame.procedure === keepaliveProcedures.KEEPALIVE_PROC_PING) {
      if (this.#waiting >= maxWaiting) {
        throw new ProtocolError(
          `the daemon goes on asking for signs of life, and has left ${maxWaiting} of them unread`,
          {
            hint: 'The daemon hangs, or is none. Connect again, or look at the daemon on its host.',
          },
        )
      }
      return this.#send('KEEPALIVE_PROC_PONG')
    }
    if (frame.procedure === keepaliveProcedures.KEEPALIVE_PROC_PONG) return
    throw new ProtocolError(`keepalive has no procedure ${frame.procedure}`)
  }

  start(settings: KeepaliveSettings): void {
    this.stop()
    this.#timer = setInterval(() => this.#tick(settings), settings.intervalMs)
    // The socket keeps the process alive as long as somebody needs it; the timer must not.
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#unanswered = 0
  }

  #tick({ intervalMs, count }: KeepaliveSettings): void {
    if (this.#hasHeard) this.#unanswered = 0
    this.#hasHeard = false
    if (this.#unanswered >= count) {
      this.stop()
      return this.#port.onDead(
        new ConnectionError(
          'keepalive-timeout',
          `the daemon has not answered ${count} keepalive messages, one each ${intervalMs} ms`,
          { hint: 'The daemon hangs or the host is gone. Connect again, or look at the daemon on its host.' },
        ),
      )
    }
    this.#unanswered += 1
    this.#send('KEEPALIVE_PROC_PING')
  }

  #send(procedure: keyof typeof keepaliveProcedures): void {
    this.#waiting += 1
    const header = {
      program: programs.KEEPALIVE_PROGRAM,
      version: programVersions.KEEPALIVE_PROTOCOL_VERSION,
      procedure: keepaliveProcedures[procedure],
      type: messageTypes.VIR_NET_MESSAGE,
      serial: 0,
      status: messageStatuses.VIR_NET_OK,
    }
    this.#port.send(header, () => (this.#waiting -= 1))
  }
}
