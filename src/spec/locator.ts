/** Finds where a value came from, and shows faults there. */
import type { Diagnostic, Location, LocatedDiagnostic, SpecPath } from './diagnostics.ts'
import { SpecError } from './diagnostics.ts'
import type { ValueOrigin } from './loaded-spec.ts'
import type { Override } from './overrides.ts'
import { isWithin, pathText } from './path-text.ts'
import { sourceText, type SourceText } from './source-text.ts'
import type { YamlDocument, YamlFault } from './yaml.ts'

export class Locator {
  /** As messages name it: as typed, or relative. */
  readonly #file: string
  readonly #source: SourceText
  readonly #document: YamlDocument
  readonly #overrides: readonly Override[]

  constructor(file: string, text: string, document: YamlDocument, overrides: readonly Override[]) {
    this.#file = file
    this.#source = sourceText(text)
    this.#document = document
    this.#overrides = overrides
  }

  isGiven(path: SpecPath): boolean {
    return (
      this.#document.offsetOf(path) !== undefined ||
      this.#overrides.some((each) => isWithin(path, each.path) || isWithin(each.path, path))
    )
  }

  /** The option that gave the value, else its place in the file; undefined for a default. */
  originOf(path: SpecPath): ValueOrigin | undefined {
    const override = this.#overrides.findLast((each) => isWithin(path, each.path))
    if (override !== undefined) return { from: 'option', option: override.option }
    const offset = this.#document.offsetOf(path)
    return offset === undefined ? undefined : { from: 'file', file: this.#file, ...this.#source.at(offset) }
  }

  /** Of the value, or of its nearest parent that is written. */
  locate(path: SpecPath): Location | undefined {
    for (let length = path.length; length >= 0; length--) {
      const part = path.slice(0, length)
      const offset = length === path.length ? this.#document.offsetOf(part) : this.#parentOffset(part)
      if (offset !== undefined) return this.#source.at(offset)
    }
    return undefined
  }

  /** A mapping begins at its first key; what is missing in it is better shown at the mapping's own key. */
  #parentOffset(path: SpecPath): number | undefined {
    return this.#document.keyOffsetOf(path) ?? this.#document.offsetOf(path)
  }

  toError(diagnostics: readonly Diagnostic[]): SpecError {
    return this.#error(diagnostics.map((each) => this.#located(each)))
  }

  /** Faults of the YAML itself know their place. */
  toSyntaxError(faults: readonly YamlFault[]): SpecError {
    return this.#error(faults.map(({ offset, ...fault }) => this.#at(fault, this.#source.at(offset))))
  }

  #located(diagnostic: Diagnostic): LocatedDiagnostic {
    const override = this.#overrides.findLast((each) => isWithin(diagnostic.path, each.path))
    if (override !== undefined) return { ...diagnostic, option: override.option }
    const isKeyFault = diagnostic.message.startsWith('unknown key')
    const keyOffset = isKeyFault ? this.#document.keyOffsetOf(diagnostic.path) : undefined
    const location = keyOffset === undefined ? this.locate(diagnostic.path) : this.#source.at(keyOffset)
    return this.#at(diagnostic, location ?? { line: 1, column: 1 })
  }

  #at(diagnostic: Diagnostic, location: Location): LocatedDiagnostic {
    return { ...diagnostic, file: this.#file, ...location, excerpt: this.#source.excerpt(location) }
  }

  #error(located: readonly LocatedDiagnostic[]): SpecError {
    const sorted = [...located].sort(byPlace)
    const [only] = sorted
    if (sorted.length === 1 && only !== undefined) {
      const { excerpt, hint } = only
      const details = { evidence: excerpt ?? [], ...(hint === undefined ? {} : { hint }) }
      return new SpecError(`${placeText(only)}: ${headline(only)}`, sorted, details)
    }
    const isOnlyOptions = sorted.every((each) => each.option !== undefined)
    const what = isOnlyOptions ? 'the options do not fit' : `${this.#file} cannot be used`
    return new SpecError(`${what}: ${sorted.length} faults`, sorted, { evidence: sorted.flatMap(evidenceLines) })
  }
}

function byPlace(left: LocatedDiagnostic, right: LocatedDiagnostic): number {
  return (left.line ?? Infinity) - (right.line ?? Infinity) || (left.column ?? 0) - (right.column ?? 0) || 0
}

function headline({ path, message }: LocatedDiagnostic): string {
  const key = pathText(path)
  return key === '' || message.startsWith('unknown key') ? message : `${key}: ${message}`
}

/** `azl-vm.yaml:4:11`, or the option. */
function placeText({ file = '', line = 1, column = 1, option }: LocatedDiagnostic): string {
  return option ?? `${file}:${line}:${column}`
}

/** The place and the fault, the line and a caret, what to write. */
function evidenceLines(diagnostic: LocatedDiagnostic): string[] {
  const { excerpt, hint } = diagnostic
  return [
    `${placeText(diagnostic)}: ${headline(diagnostic)}`,
    ...(excerpt ?? []).map((each) => `    ${each}`),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ]
}
