/** Turns what zod found into faults that a reader of the spec understands. */
import type * as z from 'zod'
import { shortened } from '../printable.ts'
import type { Diagnostic, SpecPath } from './diagnostics.ts'
import { allowedValues, schemaAt, type JsonSchema } from './json-schema.ts'
import { suggestKey, suggestValue } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** All faults, in the order of the schema. `value` is what was parsed, `root` the JSON Schema of it. */
export function faultsOf(issues: readonly Issue[], value: unknown, root: JsonSchema): Diagnostic[] {
  return issues.flatMap((issue) => faultOf(issue, value, root))
}

function faultOf(issue: Issue, root: unknown, schema: JsonSchema): Diagnostic[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `unknown key '${shortened(key, 40)}'`,
      hint: suggestKey(key, path, schema),
    }))
  }
  const found = valueAt(root, path)
  const expected = schemaAt(schema, path) ?? {}
  if (found === undefined && issue.code !== 'custom') return [missing(path, expected)]
  if (found === null) return [{ path, message: 'there is no value behind this key', hint: valueHint(expected) }]
  return [{ path, ...(ownWords(issue.message) ?? explain(issue, found, expected)) }]
}

/** The message of one of our own types: the hint is its second line. */
function ownWords(text: string): { message: string; hint?: string } | undefined {
  if (/^(?:Invalid|Too (?:big|small)|Unrecognized)/.test(text)) return undefined
  const [message = '', hint] = text.split('\n')
  return hint === undefined ? { message } : { message, hint }
}

function missing(path: SpecPath, expected: JsonSchema): Diagnostic {
  return { path, message: `the key '${String(path.at(-1))}' is missing`, hint: valueHint(expected) }
}

function explain(issue: Issue, found: unknown, expected: JsonSchema): { message: string; hint?: string } {
  const allowed = allowedValues(expected)
  const shown = describe(found)
  if (issue.code === 'too_small' || issue.code === 'too_big') return outOfRange(issue, shown, expected)
  const synonym = suggestValue(found, expected)
  // Where only some of what is allowed can be listed (a port or `any`), the description says the rest.
  if (allowed.length > 0 && (expected.anyOf ?? []).every((each) => allowedValues(each).length > 0)) {
    const message = `${shown} is not ${allowed.length === 1 ? String(allowed[0]) : `one of: ${allowed.map(String).join(', ')}`}`
    return { message, hint: synonym ?? valueHint(expected) }
  }
  return { message: `expected ${kindOf(expected)}, found ${shown}`, hint: synonym ?? mismatchHint(found, expected) }
}

function outOfRange(issue: Issue, shown: string, expected: JsonSchema): { message: string; hint?: string } {
  if (issue.code === 'too_small') return { message: `${shown} is too small`, hint: `at least ${String(issue.minimum)}` }
  if (issue.code === 'too_big') {
    const what =
      issue.origin === 'array' ? 'too many entries' : issue.origin === 'string' ? 'too long' : `${shown} is too large`
    return { message: what, hint: `at most ${String(issue.maximum)}` }
  }
  return { message: `${shown} is out of range`, hint: valueHint(expected) }
}

function mismatchHint(found: unknown, expected: JsonSchema): string {
  if (expected.type === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    return `put it in quotes to make it text: '${String(found)}'`
  }
  if (expected.type === 'array' && found !== null && typeof found === 'object')
    return "a list's entries begin with '- '"
  return valueHint(expected)
}

function kindOf({ type, anyOf }: JsonSchema): string {
  if (anyOf !== undefined)
    return anyOf.map((each) => (each.const === undefined ? kindOf(each) : plain(each.const))).join(' or ')
  const names: Readonly<Record<string, string>> = {
    integer: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping of keys',
  }
  return names[type ?? ''] ?? 'another value'
}

function valueHint(schema: JsonSchema): string {
  const allowed = allowedValues(schema)
  const example = schema.examples?.[0] ?? schema.default
  if (schema.description?.startsWith('What the machine boots') === true)
    return 'write { iso: ./your.iso } or { probe: {} }'
  if (allowed.length > 0 && schema.anyOf === undefined) return `write ${allowed.map(String).join(' or ')}`
  if (example !== undefined && typeof example !== 'object') return `write for example ${plain(example)}`
  if (schema.type === 'object') return `keys: ${Object.keys(schema.properties ?? {}).join(', ')}; or remove this key`
  if (schema.type === 'array') return 'write a list, [] for none, or remove this key'
  return `write ${kindOf(schema)}`
}

/** A value as it stands in a spec. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  return typeof value === 'string' ? `'${shortened(value)}'` : String(value)
}

/** The value at a path, undefined where there is none. */
export function valueAt(root: unknown, path: SpecPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    return (value as Readonly<Record<string | number, unknown>>)[part]
  }, root)
}
