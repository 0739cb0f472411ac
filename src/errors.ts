/**
 * The errors that users meet: what happened, why, what to do, and the exit code that scripts read.
 *
 * Everything that azl-vm throws on purpose is an {@link AzlVmError} with a code from one table; whatever
 * else reaches `main` is a bug of ours and ends with exit code 70.
 */

/** Exit codes, as documented in docs/cli-reference.md. */
export const exitCodes = {
  ok: 0,
  evaluatedAndFailed: 1,
  usage: 2,
  hostNotReady: 3,
  providerFailed: 4,
  guestFailed: 5,
  badMedium: 6,
  bug: 70,
  interrupted: 130,
} as const

/** Every error code and the exit code it ends with. */
export const errorCodes = {
  // usage, spec, unsupported combination, a path that is not there
  usage: exitCodes.usage,
  'spec-invalid': exitCodes.usage,
  'path-not-found': exitCodes.usage,
  'machine-not-found': exitCodes.usage,
  'ambiguous-machine': exitCodes.usage,
  'snapshot-not-found': exitCodes.usage,
  'not-supported': exitCodes.usage,
  // the host is not ready
  'tool-missing': exitCodes.hostNotReady,
  'tool-too-old': exitCodes.hostNotReady,
  'host-not-ready': exitCodes.hostNotReady,
  'permission-denied': exitCodes.hostNotReady,
  'state-not-writable': exitCodes.hostNotReady,
  'no-space': exitCodes.hostNotReady,
  // the provider refused or failed
  'machine-exists': exitCodes.providerFailed,
  'snapshot-exists': exitCodes.providerFailed,
  'machine-differs': exitCodes.providerFailed,
  'machine-failed': exitCodes.providerFailed,
  'not-owned': exitCodes.providerFailed,
  'resource-busy': exitCodes.providerFailed,
  'bad-reply': exitCodes.providerFailed,
  'backend-failed': exitCodes.providerFailed,
  'timed-out': exitCodes.guestFailed,
  // the guest did not get there
  'boot-refused': exitCodes.guestFailed,
  'guest-failed': exitCodes.guestFailed,
  // the medium was read and found wanting
  'medium-empty': exitCodes.badMedium,
  'medium-truncated': exitCodes.badMedium,
  'medium-unreadable': exitCodes.badMedium,
  'medium-not-bootable': exitCodes.badMedium,
  'medium-wrong-architecture': exitCodes.badMedium,
  'medium-checksum-mismatch': exitCodes.badMedium,
  'medium-changed': exitCodes.badMedium,
  'medium-unverified': exitCodes.badMedium,
  cancelled: exitCodes.interrupted,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorCodes

export interface ErrorDetails {
  /** One or two sentences: what the reader can do now. */
  readonly hint?: string
  /** The error of the outside world; never dropped. */
  readonly cause?: unknown
  /** What was seen: last serial lines, findings, codes. One entry per line. */
  readonly evidence?: readonly string[]
}

/** An error with a code, a hint and its cause. The message says what and why in one line. */
export class AzlVmError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly evidence: readonly string[]

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'AzlVmError'
    this.code = code
    this.hint = details.hint
    this.evidence = details.evidence ?? []
  }

  /** The same error with more to say: hints are joined, evidence is appended. */
  extended(more: { readonly hint?: string; readonly evidence?: readonly string[] }): AzlVmError {
    const hint = [this.hint, more.hint].filter((text) => text !== undefined).join('\n')
    return new AzlVmError(this.code, this.message, {
      cause: this.cause,
      evidence: [...this.evidence, ...(more.evidence ?? [])],
      ...(hint === '' ? {} : { hint }),
    })
  }

  get exitCode(): number {
    return errorCodes[this.code]
  }
}

/** True where `error` is one of ours, optionally with one of the given codes. */
export function isAzlVmError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is AzlVmError & { readonly code: Code } {
  return error instanceof AzlVmError && (codes.length === 0 || codes.some((code) => code === error.code))
}

/** The text of an unknown thrown value. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
