/** Reads what recorders of a machine wrote, while one writes or long after. */
import { AzlVmError, errorText, isAzlVmError } from '../errors.ts'
import type { Call, LogStart } from '../provider/contract.ts'
import type { Recorded } from './recorded.ts'
import { eventsIn, usualSegmentBytes, type RecordedEvent } from './recorder-folder.ts'
import type { RecorderLine } from './recorder-line.ts'
import type { Recorders } from './recorders.ts'

/** All that is kept, oldest first; nothing where nobody ever listened. */
export async function* readRecorded(recorded: Recorded): AsyncIterable<Uint8Array> {
  for await (const { bytes } of recorded.piecesFrom(0)) yield bytes
}

export interface FollowOptions {
  readonly recorded: Recorded
  readonly from: LogStart
  /** A line to the recorder that runs now, if one does. */
  readonly find: () => Promise<RecorderLine | undefined>
  readonly isOff: () => Promise<boolean>
  readonly signal: AbortSignal
}

/** How often the growing file is looked at, milliseconds. */
const lookEveryMs = 100

/** What is there, or what this boot said of it, then what comes, until the machine is off. Rejects with `cancelled`. */
export async function* followRecorded(options: FollowOptions): AsyncIterable<Uint8Array> {
  const { recorded, from, find, isOff, signal } = options
  let offset = from === 'beginning' ? 0 : lastStart(eventsIn(await recorded.events()))
  let line: RecorderLine | undefined
  try {
    for (;;) {
      if (signal.aborted) throw new AzlVmError('cancelled', 'interrupted while following the serial port’s log')
      if (!line || line.isEnded) line = await find()
      // Asked before the read: what was said before the machine went off is in the file by then.
      const isOver = line?.report.state !== 'connected' && (await isOff())
      for await (const { at, bytes } of recorded.piecesFrom(offset)) {
        offset = at + bytes.length
        yield bytes
      }
      if (isOver) return
      await (line ? line.nextReport(lookEveryMs, signal) : delay(lookEveryMs, signal))
    }
  } finally {
    line?.close()
  }
}

/** What a reader should know beside the text, in sentences: when it was listened, and what is missing. */
export async function describeRecorded(recorded: Recorded, isRunning: boolean): Promise<string> {
  const events = eventsIn(await recorded.events())
  const spans = spansOf(events)
  if (spans.length === 0) return 'Nobody has listened to this serial port yet.'
  const texts = spans.map((span, index) => {
    const { from, to, isKilled } = span
    if (to !== undefined) return `from ${from} to ${to}${isKilled ? ` at least (its recorder ${fateOf(span)})` : ''}`
    if (index === spans.length - 1 && isRunning) return `from ${from} until now`
    return `from ${from} until its recorder was killed`
  })
  const unwritten = events.filter(({ event }) => event === 'unwritten').reduce((sum, { bytes }) => sum + bytes, 0)
  const missing = unwritten === 0 ? '' : ` ${String(unwritten)} bytes could not be written and are missing.`
  return `It was listened ${texts.join(', ')} (UTC); what the machine said at other times is lost.${missing} ${logLimit}`
}

/**
 * The same of a machine's port. `begin`: a recorder, where one was killed under a machine that is on, so that no more is
 * lost. Warns of what is.
 */
export async function describePort(
  recorders: Recorders,
  machineId: string,
  begin: () => Promise<RecorderLine | undefined>,
  call: Call,
): Promise<string> {
  const isRunning = await isListened(recorders, machineId, begin, call)
  const recorded = recorders.recorded(machineId, call)
  for (const gap of gapsIn(spansOf(eventsIn(await recorded.events())))) call.warn('serial-port', gap)
  return await describeRecorded(recorded, isRunning)
}

async function isListened(
  recorders: Recorders,
  machineId: string,
  begin: () => Promise<RecorderLine | undefined>,
  call: Call,
): Promise<boolean> {
  try {
    const found = await recorders.find(machineId, call)
    const line = found ?? ((await recorders.wasKilled(machineId, call)) ? await beginAgain(begin, call) : undefined)
    line?.close()
    return line !== undefined
  } catch (error) {
    // It runs and listens to nothing; whether it ever will is not known.
    if (!isAzlVmError(error, 'timed-out')) throw error
    call.warn('serial-port', `${error.message}: what the machine says may be lost. ${error.hint ?? ''}`.trimEnd())
    return true
  }
}

/** Who asks how a machine is is told, also where nobody can listen to it. */
async function beginAgain(
  begin: () => Promise<RecorderLine | undefined>,
  { signal, warn }: Call,
): Promise<RecorderLine | undefined> {
  try {
    return await begin()
  } catch (error) {
    if (signal.aborted) throw error
    warn(
      'serial-port',
      `nobody listens to the serial port: its recorder was killed, and another did not begin: ${errorText(error)}`,
    )
    return undefined
  }
}

/** What nobody would look for: that a recorder was killed while the machine may have gone on. */
function gapsIn(spans: readonly Span[]): readonly string[] {
  return spans.flatMap((span, index) => {
    const next = spans[index + 1]
    if (!span.isKilled || span.to === undefined || !(next ?? span.isGivenUp)) return []
    const until = next ? `to ${next.from}` : 'on'
    return [
      `the recorder of the serial port ${fateOf(span)}: what the machine said from ${span.to} ${until} may be missing`,
    ]
  })
}

function fateOf({ isGivenUp }: Span): string {
  return isGivenUp ? 'was killed again and again' : 'was killed'
}

const logLimit = `The last ${mebi(usualSegmentBytes)} to ${mebi(2 * usualSegmentBytes)} MiB are kept; what is older is gone.`

function mebi(bytes: number): string {
  return String(bytes / 1024 ** 2)
}

interface Span {
  readonly from: string
  /** The last that is known of it. */
  readonly to: string | undefined
  readonly isKilled: boolean
  /** Nobody began another by themselves. */
  readonly isGivenUp: boolean
}

function spansOf(events: readonly RecordedEvent[]): readonly Span[] {
  const spans: Span[] = []
  for (const { at, event } of events) {
    const last = spans.at(-1)
    if (event === 'listening') spans.push({ from: at, to: undefined, isKilled: false, isGivenUp: false })
    else if (!last) continue
    else if (event === 'ended' || event === 'killed')
      spans[spans.length - 1] = { ...last, to: at, isKilled: event === 'killed' }
    else if (event === 'given-up') spans[spans.length - 1] = { ...last, isGivenUp: true }
  }
  return spans
}

function lastStart(events: readonly RecordedEvent[]): number {
  return events.findLast(({ event }) => event === 'start')?.bytes ?? 0
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
