/** `--set machine.memory=8GiB`, and the options that are short for one. */
import { shortened } from '../printable.ts'
import type { SpecPath } from './diagnostics.ts'
import { pathText } from './path-text.ts'
import { usageError } from '../usage-error.ts'
import { parseYaml } from './yaml.ts'

export interface Override {
  readonly path: SpecPath
  readonly value: unknown
  /** As it was typed, for messages. */
  readonly option: string
}

/** Reads one `--set`; the value is YAML, as it would stand behind the key. */
export function parseOverride(text: string): Override {
  const option = `--set ${shortened(text, 100)}`
  const equals = text.indexOf('=')
  if (equals < 1) throw usageError(`${option}: no value`, 'write a key, = and a value: --set machine.memory=8GiB')
  const path = parseKeyPath(text.slice(0, equals))
  if (path === undefined) {
    throw usageError(`${option}: not the path of a key`, 'write for example machine.memory or machine.disks[0].size')
  }
  const { value, faults } = parseYaml(text.slice(equals + 1))
  const fault = faults[0]
  if (fault !== undefined) throw usageError(`${option}: ${fault.message}`, fault.hint)
  return { path, value: value ?? null, option }
}

/** `machine.disks[0].size` as a path; undefined where it is none. */
export function parseKeyPath(text: string): SpecPath | undefined {
  if (!/^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d{1,4}\])*$/.test(text)) return undefined
  const parts = [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map((match) =>
    match[1] === undefined ? match[0] : Number(match[1]),
  )
  return parts.includes('__proto__') ? undefined : parts
}

/** The values with an override in its place; what is above it is copied, so that aliases stay as they were. */
export function applyOverride(root: unknown, override: Override): unknown {
  return put(root, override.path, 0, override)
}

function put(current: unknown, path: SpecPath, depth: number, override: Override): unknown {
  const part = path[depth]
  if (part === undefined) return override.value
  const where = pathText(path.slice(0, depth))
  if (typeof part === 'number') {
    const list: unknown[] =
      current == null ? [] : Array.isArray(current) ? [...(current as unknown[])] : notA('list', where, override)
    if (part > list.length) {
      throw usageError(
        `${override.option}: ${where} has ${list.length} entries`,
        `the next one is ${where}[${list.length}]`,
      )
    }
    list[part] = put(list[part], path, depth + 1, override)
    return list
  }
  if (current != null && (typeof current !== 'object' || Array.isArray(current))) notA('mapping', where, override)
  const mapping = { ...(current as Record<string, unknown> | null | undefined) }
  mapping[part] = put(mapping[part], path, depth + 1, override)
  return mapping
}

function notA(kind: string, where: string, override: Override): never {
  throw usageError(
    `${override.option}: ${where} is no ${kind}`,
    kind === 'list' ? undefined : 'a list takes an index: machine.disks[0].size',
  )
}
