/** Where each effective value of a spec comes from, and what its key means. Asks no host. */
import { usageError } from '../usage-error.ts'
import { didYouMean } from '../did-you-mean.ts'
import { shortened } from '../printable.ts'
import type { SpecPath } from './diagnostics.ts'
import { keyPaths, schemaAt, type JsonSchema } from './json-schema.ts'
import type { LoadedSpec, ValueOrigin } from './loaded-spec.ts'
import { isWithin, pathText } from './path-text.ts'
import { parseKeyPath } from './overrides.ts'
import { durationPattern, formatDuration, formatSize, sizePattern } from './units.ts'

export interface ExplainedValue {
  /** `machine.disks[0].size`, as `--set` takes it. */
  readonly key: string
  /** Sizes in bytes, durations in milliseconds; undefined where there is none. */
  readonly value: unknown
  /** The value as a spec writes it: `4GiB`, `5m`, `[]`; `-` where there is none. */
  readonly text: string
  readonly origin: ValueOrigin
  readonly description: string
}

/** Every key of a spec that holds a value, or those at and below `key`. Throws a usage error for an unknown key. */
export function explainSpec(
  loaded: LoadedSpec,
  schema: JsonSchema,
  key: string | undefined,
): readonly ExplainedValue[] {
  const below = key === undefined ? [] : knownPath(key, schema)
  const found = leaves(loaded.spec, schema, []).filter(({ path }) => isWithin(path, below))
  if (found.length === 0) refuseMissingElement(loaded.spec, below)
  // A key that may be left out, and is.
  const shown = found.length === 0 ? [{ path: below, value: undefined }] : found
  return shown.map(({ path, value }) => ({
    key: pathText(path),
    value,
    text: asWritten(value, schemaAt(schema, path)),
    origin: loaded.originOf(path),
    description: schemaAt(schema, path)?.description ?? '',
  }))
}

/** An element of a list that the spec does not have is no key that was left out. */
function refuseMissingElement(spec: unknown, path: SpecPath): void {
  let value = spec
  for (const [depth, step] of path.entries()) {
    if (Array.isArray(value) && typeof step === 'number' && step >= value.length) {
      throw usageError(
        `the spec has no ${pathText(path.slice(0, depth + 1))}`,
        `${pathText(path.slice(0, depth))} has ${String(value.length)} in it; the first is [0]`,
      )
    }
    if (typeof value !== 'object' || value === null) return
    value = (value as Readonly<Record<SpecPath[number], unknown>>)[step]
  }
}

function knownPath(key: string, schema: JsonSchema): SpecPath {
  const path = parseKeyPath(key)
  if (path !== undefined && schemaAt(schema, path) !== undefined) return path
  const known = keyPaths(schema).map(pathText)
  const meant = didYouMean(key, known) ?? known.find((each) => each.toLowerCase().endsWith(`.${key.toLowerCase()}`))
  throw usageError(
    `a spec has no key '${shortened(key)}'`,
    meant === undefined
      ? `keys at the top: ${Object.keys(schema.properties ?? {}).join(', ')}`
      : `did you mean ${meant}?`,
  )
}

interface Leaf {
  readonly path: SpecPath
  readonly value: unknown
}

/** In the order of the schema. An empty list or mapping is a value of its own. */
function leaves(value: unknown, schema: JsonSchema | undefined, path: SpecPath): readonly Leaf[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((each, index) => leaves(each, schema?.items, [...path, index]))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path, value }]
  const keys = Object.keys(schema?.properties ?? value)
  const inner = keys.flatMap((key) => {
    const below = (value as Readonly<Record<string, unknown>>)[key]
    return below === undefined ? [] : leaves(below, schema?.properties?.[key], [...path, key])
  })
  return inner.length === 0 ? [{ path, value }] : inner
}

function asWritten(value: unknown, schema: JsonSchema | undefined): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return value
  if (typeof value === 'number' && schema?.pattern === sizePattern.source) return formatSize(value)
  if (typeof value === 'number' && schema?.pattern === durationPattern.source) return formatDuration(value)
  return JSON.stringify(value)
}
