/** Faults of a spec: where each is, and how all of them are shown at once. */
import { AzlVmError, type ErrorDetails } from '../errors.ts'

export type SpecPath = readonly (string | number)[]

/** A fault at a key, as the schema and the providers say it. The rest (line, text) is found by {@link LoadedSpec}. */
export interface Diagnostic {
  readonly path: SpecPath
  readonly message: string
  readonly hint?: string
}

/** Line and column, both counted from 1, the column in characters. */
export interface Location {
  readonly line: number
  readonly column: number
}

/** A fault with its place: a line of the file, or an option such as `--set machine.memory=4`. */
export interface LocatedDiagnostic extends Diagnostic {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly option?: string
  /** The line itself, cut to what fits around the column, and the caret below it. */
  readonly excerpt?: readonly [line: string, caret: string]
}

/** The spec cannot be used; holds every fault of it. */
export class SpecError extends AzlVmError {
  readonly diagnostics: readonly LocatedDiagnostic[]

  constructor(message: string, diagnostics: readonly LocatedDiagnostic[], details: ErrorDetails = {}) {
    super('spec-invalid', message, details)
    this.name = 'SpecError'
    this.diagnostics = diagnostics
  }
}
