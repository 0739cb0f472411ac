/** The story on stderr. Knows a terminal (one live line), plain text (one line per event) and silence. */
import { printable } from '../printable.ts'
import type { Progress } from './progress.ts'
import { clip, type Paint } from './terminal.ts'

export interface TextProgressOptions {
  readonly write: (text: string) => void
  readonly paint: Paint
  readonly nowMs: () => number
  /** `live`: a terminal; `plain`: a line per event; `quiet`: warnings only; `silent`: nothing at all. */
  readonly mode: 'live' | 'plain' | 'quiet' | 'silent'
  readonly isVerbose: boolean
  readonly width: () => number
  /** Calls back about every `intervalMs` until the returned function is called; the timer must not keep Node alive. */
  readonly every: (intervalMs: number, tick: () => void) => () => void
}

const clearLine = '\r\u001b[2K'
/** In plain text a phase that is shorter than this is told by its end only. */
const longPhaseMs = 2000

/** Makes the {@link Progress} of a command. */
export function textProgress(options: TextProgressOptions): Progress {
  const { write, paint, nowMs, mode } = options
  let open: { text: string; detail: string; startedMs: number; stop: () => void; isAnnounced: boolean } | undefined
  let isLiveLineShown = false

  function clear(): void {
    if (isLiveLineShown) write(clearLine)
    isLiveLineShown = false
  }

  function draw(): void {
    if (open === undefined) return
    const elapsedMs = nowMs() - open.startedMs
    if (mode === 'live') {
      write(`${clearLine}${clip(`${open.text} … ${open.detail}${seconds(elapsedMs)}`, options.width() - 1)}`)
      isLiveLineShown = true
    } else if (!open.isAnnounced && elapsedMs >= longPhaseMs) {
      open.isAnnounced = true
      write(`${open.text} …\n`)
    }
  }

  function line(text: string): void {
    clear()
    for (const each of text.split('\n')) write(`${each}\n`)
    if (mode === 'live') draw()
  }

  const speaks = mode === 'live' || mode === 'plain'
  const progress: Progress = {
    say(text) {
      if (speaks) line(text.split('\n').map(printable).join('\n'))
    },
    detail(text) {
      if (options.isVerbose) line(paint('dim', printable(text)))
    },
    warn(text) {
      if (mode !== 'silent') line(`${paint(['yellow', 'bold'], 'warning:')} ${printable(text)}`)
    },
    startPhase(text) {
      progress.finishPhase('done')
      const stop = speaks ? options.every(mode === 'live' ? 250 : longPhaseMs, draw) : () => undefined
      open = { text: printable(text), detail: '', startedMs: nowMs(), stop, isAnnounced: false }
      if (mode === 'live') draw()
    },
    updatePhase(detail) {
      // Drawn by the next tick: a copy reports thousands of times a second.
      if (open !== undefined) open.detail = `${printable(detail)}, `
    },
    finishPhase(outcome, text) {
      if (open === undefined) return
      const { text: started, startedMs, stop } = open
      stop()
      open = undefined
      if (!speaks) return
      const mark = outcome === 'done' ? paint('green', 'done') : paint('red', 'failed')
      line(`${text === undefined ? started : printable(text)}: ${mark} (${seconds(nowMs() - startedMs)})`)
    },
    close() {
      open?.stop()
      open = undefined
      clear()
    },
  }
  return progress
}

/** `0.4 s`, `12 s`, `3 min 05 s`. */
export function seconds(timeMs: number): string {
  if (timeMs < 9_950) return `${(timeMs / 1000).toFixed(1)} s`
  const whole = Math.round(timeMs / 1000)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}
