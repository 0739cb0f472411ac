/** Pings on a silent line. Both sides may ask; who is asked answers at once. */
import { ConnectionError, ProtocolError } from '../errors.ts'
import type { FrameHeader } from './frame.ts'
import { keepaliveProcedures, messageStatuses, messageTypes, programs, programVersions } from './limits.ts'

export interface KeepaliveSettings {
  readonly intervalMs: number
  readonly count: number
}

export interface KeepalivePort {
  send(header: FrameHeader): void
  onDead(error: ConnectionError): void
}

export class Keepalive {
  readonly #port: KeepalivePort
  #timer: NodeJS.Timeout | undefined
  #unanswered = 0
  #hasHeard = false

  constructor(port: KeepalivePort) {
    this.#port = port
  }

  /** Any byte from the daemon proves that it lives. */
  heard(): void {
    this.#hasHeard = true
  }

  receive(frame: FrameHeader): void {
    if (frame.procedure === keepaliveProcedures.KEEPALIVE_PROC_PING) return this.#send('KEEPALIVE_PROC_PONG')
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
    this.#port.send({
      program: programs.KEEPALIVE_PROGRAM,
      version: programVersions.KEEPALIVE_PROTOCOL_VERSION,
      procedure: keepaliveProcedures[procedure],
      type: messageTypes.VIR_NET_MESSAGE,
      serial: 0,
      status: messageStatuses.VIR_NET_OK,
    })
  }
}
