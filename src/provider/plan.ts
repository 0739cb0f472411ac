/** A plan: the one description of a machine. Data only, so that it can be printed, kept and compared. */

/** What a plan is written in as a script: POSIX shell, or PowerShell that 5.1 and 7 both run. */
export type ScriptLanguage = 'sh' | 'ps1'

/** A value that is known only after another operation: `{ ref: '<operation>.<output>' }`. */
export interface OutputRef {
  readonly ref: string
}

export type Outputs = Readonly<Record<string, string | number | boolean>>

/** Something a host or spec makes impossible or doubtful, at a key of the spec. */
export interface PlanDiagnostic {
  readonly level: 'error' | 'warning'
  /** Where in the spec, e.g. ['machine', 'networks', 0, 'mode']; empty: the whole spec. */
  readonly path: readonly (string | number)[]
  readonly code: 'not-supported' | 'host-not-ready' | 'no-space' | 'spec-invalid'
  readonly message: string
  readonly hint?: string
}

export interface Operation {
  /** Unique in its plan, stable between runs, e.g. `define`, `disk-0`, `start`. */
  readonly id: string
  /** For people: what it does, in one line. */
  readonly title: string
  /** What it makes or changes, e.g. { kind: 'volume', name: 'azl-vm/x.qcow2' }. */
  readonly object: { readonly kind: string; readonly name: string }
  /** All that it needs, as JSON. Rules (`port: any`) are kept as rules. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** How it is taken back, for people. */
  readonly undo: string
  /** The hypervisor's own words where they are more than the script says, e.g. domain XML. */
  readonly native?: { readonly language: string; readonly text: string }
  /** The same by hand: lines in the language of {@link Plan.script}. */
  readonly script: readonly string[]
  /** Names of the outputs that {@link Provider.apply} returns. */
  readonly outputs: readonly string[]
}

export interface Plan {
  readonly diagnostics: readonly PlanDiagnostic[]
  readonly operations: readonly Operation[]
  /** What stands around the operations in the script: variables and helper functions first, how to remove it all last. */
  readonly script: {
    readonly language: ScriptLanguage
    /** The declaration of what the script is called with, where it is called with anything: above every statement. */
    readonly parameters?: readonly string[]
    readonly prologue: readonly string[]
    readonly epilogue: readonly string[]
  }
  /** What was chosen on this host and is worth reading, e.g. the firmware pair; label and value. */
  readonly choices: readonly { readonly label: string; readonly value: string }[]
}
