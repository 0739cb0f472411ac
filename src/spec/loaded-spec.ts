import type { Diagnostic, Location, SpecError, SpecPath } from './diagnostics.ts'
import type { Spec } from './schema.ts'

/** Where a value comes from: a place in the file, an option of the command line, the schema, or the computer itself. */
export type ValueOrigin =
  | ({ readonly from: 'file'; readonly file: string } & Location)
  | { readonly from: 'option'; readonly option: string }
  | { readonly from: 'default' }
  | { readonly from: 'computer' }

/** A spec that was read from its file, with where each of its values came from. */
export interface LoadedSpec {
  readonly spec: Spec
  /** Absolute. */
  readonly file: string
  readonly text: string
  /** SHA-256 (hex) of the resolved spec, equal for two files that say the same. */
  readonly digest: string
  /** A provider's own key, as its sub-schema gave it out; undefined where it is not there. */
  providerOptions(provider: string): unknown
  /** Whether the value at `path` was written in the file or given by an option, and is no default. */
  isGiven(path: SpecPath): boolean
  /** Where the value at `path` is written; for a default or an option: where its nearest written parent is. */
  locate(path: SpecPath): Location | undefined
  originOf(path: SpecPath): ValueOrigin
  /** Turns faults at keys, for example a provider's, into one error that shows each at its line. */
  toError(diagnostics: readonly Diagnostic[]): SpecError
}
