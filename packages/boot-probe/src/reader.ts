import { Crc32 } from './crc32.ts'
import { decodeReport } from './decode.ts'
import { beforeChecksum, lineMarker, numberOrNull, parseLine, textOrNull } from './line.ts'
import type { ProbeLine } from './line.ts'
import type { ProbeReport } from './report.ts'

/** `none`: no line of the probe yet. `damaged`: lost or changed bytes; a new boot of the probe begins anew. */
export type ProbeState = 'none' | 'reading' | 'complete' | 'damaged'

/** What the waiting probe said to a command. Flood lines are counted and not kept. */
export type ProbeAnswer =
  | { readonly type: 'pong' | 'off' | 'unknown-command'; readonly text: string }
  | {
      readonly type: 'flood-end'
      readonly sentLines: number
      readonly receivedLines: number
      readonly isWhole: boolean
    }

export interface ProbeReader {
  /** Any piece of the serial text; pieces may end anywhere. Never throws. */
  feed(chunk: Uint8Array | string): void
  /** The serial port has ended: a report that is still being read is damaged. */
  end(): void
  readonly state: ProbeState
  /** Why the state is `damaged`. */
  readonly problem: string | undefined
  /** The last complete report since the probe last began. */
  readonly report: ProbeReport | undefined
  /** Answers after the report, oldest first; at most the last 256. */
  readonly answers: readonly ProbeAnswer[]
}

/** Longer text without a line end is not the probe's (its lines have 4 KiB at most): only the rest is kept. */
const maxPendingChars = 64 * 1024
const maxAnswers = 256

class Reader implements ProbeReader {
  #pending = ''
  #state: ProbeState = 'none'
  #problem: string | undefined
  #report: ProbeReport | undefined
  #lines: ProbeLine[] = []
  #checksum = new Crc32()
  #nextSeq = 0
  #answers: ProbeAnswer[] = []
  #flood = { lines: 0, checksum: new Crc32() }

  get state(): ProbeState {
    return this.#state
  }

  get problem(): string | undefined {
    return this.#problem
  }

  get report(): ProbeReport | undefined {
    return this.#report
  }

  get answers(): readonly ProbeAnswer[] {
    return this.#answers
  }

  feed(chunk: Uint8Array | string): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
    const parts = (this.#pending + text).split(/[\r\n]+/)
    this.#pending = (parts.pop() ?? '').slice(-maxPendingChars)
    for (const part of parts) this.#take(part)
  }

  end(): void {
    if (this.#pending !== '') this.#take(this.#pending)
    this.#pending = ''
    if (this.#state === 'reading')
      this.#damage(`the report ended after line ${String(this.#nextSeq - 1)}, without its closing line`)
  }

  /** Firmware text may stand before the line, and so may the beginning of another line that lost its end. */
  #take(part: string): void {
    const at = part.lastIndexOf(lineMarker)
    if (at === -1) return
    const text = part.slice(at)
    const line = parseLine(text)
    if (line === undefined)
      this.#damage(`a line after line ${String(this.#nextSeq - 1)} is not whole: ${text.slice(0, 80)}`)
    else if (line.type === 'begin' && line.seq === 0) this.#begin(line, text)
    else if (this.#state === 'none') this.#damage(`the report's first line has number ${String(line.seq)}`)
    else if (this.#state !== 'damaged') this.#accept(line, text)
  }

  #begin(line: ProbeLine, text: string): void {
    this.#state = 'reading'
    this.#problem = undefined
    this.#report = undefined
    this.#lines = []
    this.#answers = []
    this.#checksum = new Crc32()
    this.#nextSeq = 0
    this.#accept(line, text)
  }

  #accept(line: ProbeLine, text: string): void {
    if (line.seq !== this.#nextSeq) {
      this.#damage(`line ${String(this.#nextSeq)} was expected and line ${String(line.seq)} came`)
      return
    }
    this.#nextSeq++
    if (this.#state === 'complete') this.#answer(line, text)
    else if (line.type === 'end') this.#finish(line, text)
    else {
      this.#lines.push(line)
      this.#checksum.add(`${text}\n`)
    }
  }

  #finish(line: ProbeLine, text: string): void {
    this.#checksum.add(beforeChecksum(text))
    const count = numberOrNull(line, 'count')
    const promised = textOrNull(line, 'crc32')
    if (count !== this.#lines.length) {
      this.#damage(`${String(this.#lines.length)} lines came, the closing line counts ${String(count)}`)
    } else if (promised !== this.#checksum.digest) {
      this.#damage(`the lines have the checksum ${this.#checksum.digest}, the closing line says ${String(promised)}`)
    } else {
      this.#state = 'complete'
      this.#report = decodeReport([...this.#lines, line])
    }
  }

  #answer(line: ProbeLine, text: string): void {
    switch (line.type) {
      case 'flood':
        if (numberOrNull(line, 'index') === 0) this.#flood = { lines: 0, checksum: new Crc32() }
        this.#flood.lines++
        this.#flood.checksum.add(`${text}\n`)
        break
      case 'flood-end':
        this.#keep(this.#floodAnswer(line, text))
        break
      case 'pong':
      case 'off':
      case 'unknown-command':
        this.#keep({ type: line.type, text: textOrNull(line, 'text') ?? '' })
        break
      default: // a newer probe's
    }
  }

  #floodAnswer(line: ProbeLine, text: string): ProbeAnswer {
    const sentLines = numberOrNull(line, 'count') ?? 0
    const { lines, checksum } = this.#flood
    checksum.add(beforeChecksum(text))
    this.#flood = { lines: 0, checksum: new Crc32() }
    const isWhole = sentLines === lines && textOrNull(line, 'crc32') === checksum.digest
    return { type: 'flood-end', sentLines, receivedLines: lines, isWhole }
  }

  #keep(answer: ProbeAnswer): void {
    this.#answers = [...this.#answers, answer].slice(-maxAnswers)
  }

  /** The first reason counts; a complete report stays readable. */
  #damage(problem: string): void {
    if (this.#state === 'damaged') return
    this.#state = 'damaged'
    this.#problem = problem
  }
}

export function createProbeReader(): ProbeReader {
  return new Reader()
}
