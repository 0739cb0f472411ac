/**
 * The wait for a boot: from the first serial byte until the firmware has handed over, or, for the boot probe,
 * until its closing line. Everything is an event that is heard; nothing is polled.
 */
import { StringDecoder } from 'node:string_decoder'
import { createProbeReader, type ProbeReport } from 'boot-probe'
import { BootStageWatch } from '../console/boot-stages.ts'
import type { Transcript } from '../console/transcript.ts'
import { AzlVmError, type ErrorCode, type ErrorDetails } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { BootOutcome, BootWatch, ConsoleEnd, HostEvent } from '../provider/contract.ts'

export interface BootRequest {
  readonly transcript: Transcript
  readonly watch: BootWatch
  /** Waits for the probe's closing line and not only for the hand-over. */
  readonly isProbe: boolean
  /** Where it does not, silence until the time is over is no failure. */
  readonly firmwareSpeaks: boolean
  /** May be why nothing is heard: the firmware starts what is signed only. */
  readonly hasSecureBoot: boolean
  readonly timeoutMs: number
  readonly bus: EventBus
}

export interface BootResult {
  readonly outcome: BootOutcome & { readonly is: 'left-for' | 'unheard' }
  readonly probe: ProbeReport | undefined
}

/** The firmware refused what it should boot; `why` is the watch's verdict. */
export class BootRefusedError extends AzlVmError {
  readonly why: RefusalReason

  constructor(why: RefusalReason, message: string, details: ErrorDetails) {
    super('boot-refused', message, details)
    this.why = why
  }

  override extended(more: Parameters<AzlVmError['extended']>[0]): BootRefusedError {
    const { message, hint, evidence, cause } = super.extended(more)
    return new BootRefusedError(this.why, message, { evidence, cause, ...(hint === undefined ? {} : { hint }) })
  }
}

type RefusalReason = (BootOutcome & { readonly is: 'refused' })['why']

type Settle = { readonly ok: BootResult } | { readonly error: unknown }

/** A wait that listens from its construction on; begin it before the machine starts. */
export class BootWait {
  readonly #request: BootRequest
  readonly #stages: BootStageWatch
  #probe = createProbeReader()
  #watch: BootWatch
  readonly #stopListening: () => void
  #hasSpoken = false
  #outcome: BootOutcome | undefined
  #settled: Settle | undefined
  #wake: (() => void) | undefined

  constructor(request: BootRequest) {
    this.#request = request
    this.#watch = request.watch
    this.#stages = new BootStageWatch(({ stage, line }) => {
      request.bus.emit({ type: 'boot-stage', stage, line })
    })
    this.#stopListening = request.transcript.onText((text) => {
      this.#feed(text)
    })
  }

  /** The machine's console ended; whatever came before it has been heard. */
  consoleEnded(end: ConsoleEnd): void {
    if (end.why === 'broken')
      this.#fail('backend-failed', 'the connection to the serial port broke', { cause: end.error })
    else if (end.why === 'taken') this.#fail('resource-busy', 'somebody else took over the serial port')
    else this.#fail('guest-failed', `the machine switched off before ${this.#awaited}`)
  }

  /**
   * Reads this boot from the machine's log, where the machine is off before anything was decided: what a console
   * loses because this process stood still, the log has.
   */
  async hearAgain(log: AsyncIterable<Uint8Array>, watch: BootWatch): Promise<void> {
    if (this.#settled) return
    this.#probe = createProbeReader()
    this.#watch = watch
    this.#outcome = undefined
    const decoder = new StringDecoder('utf8')
    for await (const bytes of log) this.#feed(decoder.write(bytes))
  }

  /** Listening itself failed, for example for want of space for the transcript. Only what comes first counts. */
  failed(error: unknown): void {
    this.#settle({ error })
  }

  /** What the hypervisor noted of this boot. One that says that it failed ends the wait, also of a guest that spoke. */
  hostNoted(events: readonly HostEvent[]): void {
    for (const { refused, text } of events) if (refused) this.#refuse({ is: 'refused', why: refused, evidence: [text] })
  }

  /** Resolves with the hand-over; rejects with what came instead, with the last serial lines as evidence. */
  async result(signal: AbortSignal): Promise<BootResult> {
    const { timeoutMs } = this.#request
    const timer = setTimeout(() => {
      const { isProbe, firmwareSpeaks, hasSecureBoot } = this.#request
      const mayBeRefused = hasSecureBoot && !this.#hasSpoken
      if (!isProbe && !firmwareSpeaks && !this.#hasSpoken)
        this.#settle({ ok: { outcome: unheard(timeoutMs, mayBeRefused), probe: undefined } })
      const message = `${this.#awaited} was not reached within ${String(timeoutMs / 1000)} s (timeouts.boot)`
      this.#fail(
        'timed-out',
        message,
        mayBeRefused ? { hint: `${perhapsUnsigned} ${refusals['secure-boot'].hint}` } : {},
      )
    }, timeoutMs)
    const onAbort = (): void => {
      this.#fail('cancelled', 'interrupted while the machine boots')
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      if (!this.#settled)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      this.#stopListening()
    }
    return unwrap(this.#settled)
  }

  get #awaited(): string {
    return this.#request.isProbe ? 'the boot probe’s closing line' : 'the hand-over from the firmware to the medium'
  }

  #feed(text: string): void {
    if (text !== '' && !this.#hasSpoken) {
      this.#hasSpoken = true
      this.#request.bus.emit({ type: 'first-byte' })
    }
    this.#stages.feed(text)
    if (this.#request.isProbe) this.#probe.feed(text)
    this.#outcome ??= this.#watch.feed(text)
    if (this.#outcome?.is === 'refused') this.#refuse(this.#outcome)
    else if (this.#request.isProbe) this.#judgeProbe()
    else if (this.#outcome) this.#settle({ ok: { outcome: this.#outcome, probe: undefined } })
  }

  #judgeProbe(): void {
    if (this.#probe.state === 'damaged') {
      this.#fail('guest-failed', `the boot probe’s report is damaged: ${this.#probe.problem ?? 'unknown reason'}`)
    } else if (this.#probe.state === 'complete' && this.#probe.report) {
      const name = 'the boot probe'
      const outcome =
        this.#outcome?.is === 'left-for'
          ? this.#outcome
          : ({ is: 'left-for', target: 'installer', name, evidence: [] } as const)
      this.#settle({ ok: { outcome, probe: this.#probe.report } })
    }
  }

  #refuse(outcome: BootOutcome & { readonly is: 'refused' }): void {
    const { message, hint } = refusals[outcome.why]
    this.#settle({ error: new BootRefusedError(outcome.why, message, { hint, evidence: outcome.evidence }) })
  }

  #fail(
    code: ErrorCode,
    message: string,
    details: { cause?: unknown; hint?: string; evidence?: readonly string[] } = {},
  ): void {
    const reached = `reached: ${this.#stages.reached}`
    const evidence = details.evidence ?? [reached, ...this.#request.transcript.lastLines(8)]
    this.#settle({ error: new AzlVmError(code, message, { ...details, evidence }) })
  }

  #settle(settled: Settle): void {
    this.#settled ??= settled
    this.#wake?.()
  }
}

/** Not every firmware says that it refused something. */
const perhapsUnsigned = 'Nothing was heard, and Secure Boot is on: it starts no medium that is not signed for it.'

function unheard(timeoutMs: number, mayBeRefused: boolean): BootResult['outcome'] {
  const text = `firmware silent: nothing was heard on the serial port for ${String(timeoutMs / 1000)} s (timeouts.boot)`
  return { is: 'unheard', evidence: mayBeRefused ? [text, perhapsUnsigned] : [text] }
}

function unwrap(settled: Settle | undefined): BootResult {
  if (!settled) throw new Error('a boot wait woke up without a result')
  if ('error' in settled) throw settled.error
  return settled.ok
}

const refusals = {
  'secure-boot': {
    message: 'the firmware refused the medium: it is not signed for Secure Boot by a key that the firmware holds',
    hint: 'Set machine.firmware.secureBoot: false for this medium, or use a signed one.',
  },
  'nothing-bootable': {
    message: 'the firmware found nothing that it can boot on the disk or the medium',
    hint: 'Check that the ISO is a UEFI boot medium for this architecture.',
  },
  'firmware-crash': {
    message: 'the firmware itself crashed',
    hint: 'This is a fault of the hypervisor or its firmware package; `azl-vm logs --tool` has the details.',
  },
} as const
