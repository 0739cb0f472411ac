/** Errors as people and programs read them. */
import { errorText, exitCodes, isAzlVmError } from '../errors.ts'
import { printable } from '../printable.ts'
import type { Paint } from './terminal.ts'

export interface ErrorReport {
  /** `bug` for what is no AzlVmError. */
  readonly code: string
  readonly exitCode: number
  readonly message: string
  readonly hint?: string
  /** What led to it, nearest first. */
  readonly causes: readonly string[]
  readonly evidence: readonly string[]
  /** Faults of a spec, each with its place. */
  readonly diagnostics?: readonly unknown[]
}

/** What is known about an error, in one shape. `logFile` is named where the error is a bug. */
export function reportError(error: unknown, logFile?: string): ErrorReport {
  // Why it was interrupted, the person who did it knows.
  const causes = isAzlVmError(error, 'cancelled') ? [] : causeTexts(error)
  if (isAzlVmError(error)) {
    const diagnostics = 'diagnostics' in error && Array.isArray(error.diagnostics) ? error.diagnostics : undefined
    return {
      code: error.code,
      exitCode: error.exitCode,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      causes,
      evidence: error.evidence,
      ...(diagnostics === undefined ? {} : { diagnostics }),
    }
  }
  const log = logFile === undefined ? '' : ` The log is ${logFile}.`
  return {
    code: 'bug',
    exitCode: exitCodes.bug,
    message: `a bug in azl-vm: ${errorText(error)}`,
    hint: `Please report it with the lines above and the command that you ran.${log}`,
    causes,
    evidence: stackLines(error),
  }
}

/** The texts of the causes, each once: libraries repeat the text of a cause in their own. */
function causeTexts(error: unknown): string[] {
  const texts: string[] = []
  const seen = new Set<unknown>([error])
  let said = errorText(error)
  for (const next of causesOf(error)) visit(next)
  return texts

  function visit(cause: unknown): void {
    if (cause === undefined || seen.has(cause) || texts.length >= 12) return
    seen.add(cause)
    const text = causeText(cause)
    if (!said.includes(text)) texts.push(text)
    said += `\n${text}`
    for (const next of causesOf(cause)) visit(next)
  }
}

function causeText(cause: unknown): string {
  const hint = isAzlVmError(cause) && cause.hint !== undefined ? ` (${cause.hint})` : ''
  return `${errorText(cause)}${hint}`
}

function causesOf(error: unknown): unknown[] {
  if (error instanceof AggregateError) return [error.cause, ...(error.errors as unknown[])]
  return error instanceof Error ? [error.cause] : []
}

function stackLines(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim())
}

/** For a terminal or a log: headline, causes, evidence, hint. Ends with a line end. */
export function renderErrorText(report: ErrorReport, paint: Paint): string {
  const [headline = '', ...more] = report.message.split('\n')
  const lines = [
    `${paint(['red', 'bold'], 'error:')} ${printable(headline)}`,
    ...more.map((line) => `  ${printable(line)}`),
    ...report.causes.flatMap((cause) => indented('  because: ', cause)),
    ...report.evidence.map((line) => `  ${printable(line)}`.trimEnd()),
    ...(report.hint ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${paint(['cyan', 'bold'], 'hint:')} ${printable(line)}`),
  ]
  return `${lines.join('\n')}\n`
}

function indented(prefix: string, text: string): string[] {
  return text.split('\n').map((line, index) => `${index === 0 ? prefix : '    '}${printable(line)}`)
}

/** The one JSON document of a command that failed. Ends with a line end. */
export function renderErrorJson(report: ErrorReport): string {
  const { exitCode: _exitCode, ...error } = report
  return `${JSON.stringify({ error }, undefined, 2)}\n`
}
