import * as z from 'zod'
import type { SpecSchema } from './schema.ts'

/** A JSON Schema as far as a spec uses it. */
export interface JsonSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: readonly string[]
  readonly [key: string]: unknown
}

/**
 * The JSON Schema of what a user writes. Draft 7: the newest that the YAML language server, and with it most
 * editors, reads in full.
 */
export function specJsonSchema(schema: SpecSchema): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JsonSchema
}

/** The schema of the value at a path, undefined where no such key is known. */
export function schemaAt(root: JsonSchema, path: readonly (string | number)[]): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, part) => {
    if (typeof part === 'number') return schema?.items
    const { properties } = schema ?? {}
    return properties !== undefined && Object.hasOwn(properties, part) ? properties[part] : undefined
  }, root)
}

/** All paths of keys; a list is passed through with index 0. */
export function keyPaths(schema: JsonSchema, path: readonly (string | number)[] = []): (string | number)[][] {
  if (schema.items !== undefined) return keyPaths(schema.items, [...path, 0])
  return Object.entries(schema.properties ?? {}).flatMap(([key, below]) => [
    [...path, key],
    ...keyPaths(below, [...path, key]),
  ])
}

/** The values that a key takes, where they can be listed; `true` and `false` for a switch. */
export function allowedValues(schema: JsonSchema): readonly unknown[] {
  if (schema.enum !== undefined) return schema.enum
  if (schema.const !== undefined) return [schema.const]
  if (schema.type === 'boolean') return [true, false]
  return (schema.anyOf ?? []).flatMap(allowedValues)
}
