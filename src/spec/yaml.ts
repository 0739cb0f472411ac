/**
 * Reads the YAML of a spec, and remembers where each value stands.
 *
 * js-yaml's events are composed here and not by its `load`, because a spec must show all faults with their lines,
 * and refuses what a reader of the file would not expect: tags, merge keys, keys that are no words, aliases that
 * grow.
 */
import {
  EVENT_ID,
  NOT_RESOLVED,
  SCALAR_STYLE,
  YAMLException,
  boolCoreTag,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  nullCoreTag,
  parseEvents,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml'
import type { SpecPath } from './diagnostics.ts'
import { explainSyntax } from './yaml-syntax.ts'

export interface YamlFault {
  readonly path: SpecPath
  readonly offset: number
  readonly message: string
  readonly hint?: string
}

export interface YamlDocument {
  /** Plain values; undefined where nothing could be read. */
  readonly value: unknown
  readonly faults: readonly YamlFault[]
  /** Offset of the value at a path; of its key where the value is empty or not on that line. */
  offsetOf(path: SpecPath): number | undefined
  /** Offset of the key itself. */
  keyOffsetOf(path: SpecPath): number | undefined
}

/** All values of a document, aliases counted as often as they are used. A spec has a hundred. */
const maxValues = 10_000
const limits = { maxDepth: 32 }

/** Composes one YAML document. Never throws for what the text says. */
export function parseYaml(text: string): YamlDocument {
  let events: Event[]
  try {
    events = parseEvents(text, limits)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    return failed(explainSyntax(text, error.reason, error.mark?.position ?? 0))
  }
  return new Composer(text, events).document()
}

function failed(fault: Omit<YamlFault, 'path'>): YamlDocument {
  return { value: undefined, faults: [{ ...fault, path: [] }], offsetOf: () => undefined, keyOffsetOf: () => undefined }
}

interface Composed {
  readonly value: unknown
  /** How many values it holds, itself included. */
  readonly count: number
}

class Composer {
  readonly #text: string
  readonly #events: readonly Event[]
  #next = 0
  #total = 0
  #isOverfull = false
  readonly #faults: YamlFault[] = []
  readonly #anchors = new Map<string, Composed>()
  readonly #values = new Map<string, number>()
  readonly #keys = new Map<string, number>()

  constructor(text: string, events: readonly Event[]) {
    this.#text = text
    this.#events = events
  }

  document(): YamlDocument {
    const value = this.#root()
    return {
      value,
      faults: this.#faults,
      offsetOf: (path) => this.#values.get(JSON.stringify(path)),
      keyOffsetOf: (path) => this.#keys.get(JSON.stringify(path)),
    }
  }

  #root(): unknown {
    if (this.#events.length === 0) return undefined
    this.#next = 1
    const { value } = this.#node([], 0)
    const another = this.#events.findIndex((event, index) => index > 0 && event.type === EVENT_ID.DOCUMENT)
    if (another !== -1) {
      const offset = this.#text.search(/^---(?=\s|$)(?![^]*^---(?=\s|$))/m)
      this.#fault(
        [],
        Math.max(0, offset),
        'a second YAML document begins here',
        'a spec is one document: put each machine into a file of its own',
      )
    }
    return value
  }

  #fault(path: SpecPath, offset: number, message: string, hint?: string): void {
    this.#faults.push({ path, offset, message, ...(hint === undefined ? {} : { hint }) })
  }

  /** `fallback` is where a value stands that takes no room: `memory:` with nothing behind it. */
  #node(path: SpecPath, fallback: number): Composed {
    const event = this.#events[this.#next++]
    if (event === undefined) return { value: null, count: 1 }
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event, path)
    if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.SEQUENCE && event.type !== EVENT_ID.MAPPING) {
      return { value: null, count: 1 }
    }
    this.#checkTag(event, path)
    const offset = startOf(event, fallback)
    this.#values.set(JSON.stringify(path), offset)
    this.#countOne(path, offset)
    const composed =
      event.type === EVENT_ID.SCALAR
        ? { value: this.#scalar(event), count: 1 }
        : event.type === EVENT_ID.SEQUENCE
          ? this.#sequence(path, offset)
          : this.#mapping(path, offset)
    if (event.anchorStart !== -1) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), composed)
    return composed
  }

  #countOne(path: SpecPath, offset: number, count = 1): boolean {
    this.#total += count
    if (this.#total <= maxValues) return true
    if (!this.#isOverfull) {
      this.#fault(
        path,
        offset,
        `more than ${maxValues} values`,
        'a spec is small: look for aliases that repeat each other',
      )
    }
    this.#isOverfull = true
    return false
  }

  #alias(event: { readonly anchorStart: number; readonly anchorEnd: number }, path: SpecPath): Composed {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    const offset = event.anchorStart - 1
    this.#values.set(JSON.stringify(path), offset)
    const target = this.#anchors.get(name)
    if (target === undefined) {
      this.#fault(path, offset, `the alias *${name} has no finished anchor &${name} above it`)
      return { value: null, count: 1 }
    }
    return this.#countOne(path, offset, target.count) ? target : { value: null, count: 1 }
  }

  #checkTag(event: ScalarEvent | SequenceEvent | MappingEvent, path: SpecPath): void {
    if (event.tagStart === -1) return
    const tag = this.#text.slice(event.tagStart, event.tagEnd)
    this.#fault(path, event.tagStart, `the tag ${tag} is not read in a spec`, 'remove it; quotes make a value text')
  }

  #scalar(event: ScalarEvent): unknown {
    if (event.valueStart === -1) return null
    const text = getScalarValue(this.#text, event)
    if (event.style !== SCALAR_STYLE.PLAIN) return text
    for (const tag of [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]) {
      const value: unknown = tag.resolve(text, false, tag.tagName)
      if (value !== NOT_RESOLVED) return value
    }
    return text
  }

  #sequence(path: SpecPath, offset: number): Composed {
    const value: unknown[] = []
    let count = 1
    while (!this.#isAtEnd()) {
      const item = this.#node([...path, value.length], offset)
      value.push(item.value)
      count += item.count
    }
    return { value, count }
  }

  #mapping(path: SpecPath, offset: number): Composed {
    const value: Record<string, unknown> = {}
    let count = 1
    let nearest = offset
    while (!this.#isAtEnd()) {
      const { key, keyOffset } = this.#key(path, nearest)
      nearest = keyOffset
      const known = key !== undefined && !Object.hasOwn(value, key)
      // What a refused key holds is still read, for its own faults, but under a path that nothing asks for.
      const item = this.#node(known ? [...path, key] : [...path, '', this.#next], keyOffset)
      count += item.count
      if (known) {
        this.#keys.set(JSON.stringify([...path, key]), keyOffset)
        value[key] = item.value
      } else if (key !== undefined) {
        const first = this.#keys.get(JSON.stringify([...path, key])) ?? 0
        const line = this.#text.slice(0, first).split(/\r\n|\n|\r/).length
        this.#fault(
          [...path, key],
          keyOffset,
          'this key is here twice',
          `it is also in line ${line}: keep one of the two`,
        )
      }
    }
    return { value, count }
  }

  /** Undefined where the key was refused. */
  #key(path: SpecPath, offset: number): { readonly key: string | undefined; readonly keyOffset: number } {
    const event = this.#events[this.#next]
    if (event?.type !== EVENT_ID.SCALAR) {
      const keyOffset = event === undefined ? offset : startOf(event, offset)
      this.#node([...path, '', this.#next], keyOffset)
      this.#fault(path, keyOffset, 'this key is no word', 'a key is a word such as memory')
      return { key: undefined, keyOffset }
    }
    this.#next++
    this.#checkTag(event, path)
    const keyOffset = startOf(event, offset)
    const key = this.#scalar(event)
    const problem = keyProblem(key, event.style === SCALAR_STYLE.PLAIN)
    if (problem !== undefined) this.#fault(typeof key === 'string' ? [...path, key] : path, keyOffset, ...problem)
    return { key: typeof key === 'string' && problem === undefined ? key : undefined, keyOffset }
  }

  #isAtEnd(): boolean {
    const event = this.#events[this.#next]
    if (event !== undefined && event.type !== EVENT_ID.POP) return false
    this.#next++
    return true
  }
}

function keyProblem(key: unknown, isPlain: boolean): [message: string, hint?: string] | undefined {
  if (typeof key !== 'string') return ['this key is no word', 'a key is a word such as memory']
  if (key === '<<' && isPlain) return ['merge keys (<<) are not read in a spec', 'write the keys out']
  // As keys of plain objects these would not be keys.
  if (key === '__proto__') return ['unknown key']
  return undefined
}

function startOf(event: Event, fallback: number): number {
  switch (event.type) {
    case EVENT_ID.SCALAR: {
      if (event.valueStart === -1) return fallback
      const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
      return isQuoted ? event.valueStart - 1 : event.valueStart
    }
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1
    default:
      return fallback
  }
}
