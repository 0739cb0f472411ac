/**
 * What happens in a run, as typed events. Core emits them; progress, log files and reports only listen.
 * The same objects, one per line, are `runs/<run id>/events.jsonl`; `v` is the version of their shape.
 */

/** How far the work on a machine has come; shown by `status`, kept in the mark and in machine.json. */
export type Phase = 'creating' | 'booting' | 'ready' | 'failed' | 'destroying'

export type RunEventBody =
  | {
      readonly type: 'run-started'
      readonly verb: string
      readonly machine: string
      readonly provider: string
      readonly host: string
    }
  | { readonly type: 'run-finished'; readonly outcome: 'ok' | 'failed' | 'cancelled'; readonly message?: string }
  /** A stretch of work that a person wants to see: `id` is stable, `text` is for people. */
  | { readonly type: 'step-started'; readonly id: string; readonly text: string }
  /** `elapsedMs` since its step-started. */
  | {
      readonly type: 'step-finished'
      readonly id: string
      readonly text: string
      readonly outcome: 'done' | 'failed'
      readonly elapsedMs: number
      readonly detail?: string
    }
  /** `doneBytes` of `totalBytes` of a long copy or hash. */
  | { readonly type: 'step-progress'; readonly id: string; readonly doneBytes: number; readonly totalBytes: number }
  /** The guest's serial port spoke for the first time in this boot. */
  | { readonly type: 'first-byte' }
  /** The boot came a stage further (firmware, bootloader, kernel …); `line` is the serial line that shows it. */
  | { readonly type: 'boot-stage'; readonly stage: string; readonly line: string }
  | { readonly type: 'warning'; readonly code: string; readonly message: string; readonly hint?: string }
  | { readonly type: 'note'; readonly message: string }
  /** For the file only: commands, calls and their times. */
  | { readonly type: 'debug'; readonly message: string; readonly data?: unknown }

/** An event as it is written: with shape version, time (ISO 8601, UTC) and run. */
export type RunEvent = RunEventBody & { readonly v: 1; readonly time: string; readonly runId: string }

export type EventListener = (event: RunEvent) => void
