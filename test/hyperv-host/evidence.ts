/** What a Hyper-V host answered, as one file; and the rules that it is held against. */
import { readdir, readFile } from 'node:fs/promises'
import * as z from 'zod'
import { assetPath } from '../../src/assets.ts'

export const inThisFolder = (...parts: readonly string[]): string => assetPath('test', 'hyperv-host', ...parts)

const ruleSchema = z.object({
  id: z.string(),
  /** For docs/providers/hyperv.md. */
  text: z.string(),
  expected: z.string(),
  /** Where it was read; without one it is a guess. */
  source: z.string().optional(),
  /** Of a refusal: what the simulator plays it with, a key of its errors.json. */
  error: z.string().optional(),
})

export type Rule = z.output<typeof ruleSchema>

export const rulesSchema = z.object({ comment: z.string(), rules: z.array(ruleSchema) })

export async function readRules(): Promise<readonly Rule[]> {
  return rulesSchema.parse(await json(inThisFolder('rules.json'))).rules
}

const errorSchema = z.object({
  message: z.string(),
  category: z.string(),
  errorId: z.string(),
  hresult: z.string(),
  exception: z.string(),
})

const rightsSchema = z.object({ administrator: z.boolean(), hyperVAdministrators: z.boolean() })

export const hostSchema = z.object({
  languageMode: z.string(),
  psVersion: z.string(),
  psEdition: z.string(),
  culture: z.string(),
  build: z.number(),
  edition: z.string(),
  architecture: z.string(),
  rights: rightsSchema,
})

export const typeSchema = z.object({
  type: z.string(),
  base: z.string().nullable(),
  properties: z.record(z.string(), z.string()),
})

export const seenSchema = z.object({
  rule: z.string(),
  seen: z.string(),
  error: errorSchema.optional(),
  /** Of a refusal: what its text names, in the order of the simulator's errors.json. */
  facts: z.array(z.string()).optional(),
})

export const listSchema = z.object({ list: z.string(), seen: z.string(), error: errorSchema.optional() })

export const timeSchema = z.object({
  /** `merge`: of a removed checkpoint's disk; `lock`: of a disk after Remove-VM. */
  time: z.enum(['merge', 'lock']),
  /** -1: not within a minute. */
  ms: z.number(),
})

const eventSchema = z.object({
  id: z.number(),
  provider: z.string(),
  log: z.string(),
  level: z.number(),
  message: z.string(),
  xml: z.string(),
})

/** The names are those of the simulator's events.json. */
export const bootKinds = ['booted', 'denied', 'failed', 'nothing'] as const

export const beginSchema = z.object({ boot: z.enum(bootKinds), name: z.string(), id: z.string(), pipe: z.string() })

export const endSchema = z.object({
  booted: z.enum(bootKinds),
  /** How long Start-VM took, and when the outcome was there, after it was called. */
  startMs: z.number(),
  outcomeMs: z.number(),
  state: z.string(),
  events: z.array(eventSchema),
})

const pipeSchema = z.object({
  /** When COM1's pipe became something else, in milliseconds since it was first looked for, just before Start-VM. */
  changes: z.array(z.object({ atMs: z.number(), is: z.string() })),
  bytes: z.number(),
  firstByteMs: z.number().nullable(),
  /** Of the first whole line of the probe; 0 where none was lost. */
  firstSequence: z.number().nullable(),
})

export type PipeTrace = z.output<typeof pipeSchema>

const bootSchema = endSchema.omit({ booted: true }).extend({
  kind: z.enum(bootKinds),
  name: z.string(),
  id: z.string(),
  pipe: pipeSchema,
})

export type Boot = z.output<typeof bootSchema>

const contractSchema = z.object({
  /** Why it was not run. */
  skipped: z.string().optional(),
  tests: z.array(z.object({ name: z.string(), state: z.string(), error: z.string().optional() })),
})

export type ContractResult = z.output<typeof contractSchema>

const listsSchema = z.object({
  /** Why they were not asked for. */
  skipped: z.string().optional(),
  rights: rightsSchema.optional(),
  lists: z.array(listSchema),
})

export type Lists = z.output<typeof listsSchema>

const evidenceSchema = z.object({
  format: z.literal(2),
  /** ISO 8601. */
  at: z.string(),
  host: hostSchema,
  rules: z.array(seenSchema.extend({ expected: z.string() })),
  types: z.array(typeSchema),
  lists: z.object({ with: listsSchema, without: listsSchema }),
  boots: z.array(bootSchema),
  times: z.array(timeSchema),
  contract: contractSchema,
  /** What was none of it, e.g. a line of the console. */
  stray: z.array(z.string()),
})

export type Evidence = z.output<typeof evidenceSchema>

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}

/** Evidence files of real hosts that were taken into the project. */
export async function readObservations(): Promise<readonly Evidence[]> {
  const names = (await readdir(inThisFolder('observations'))).filter((name) => name.endsWith('.json')).sort()
  return await Promise.all(names.map((name) => readEvidence(inThisFolder('observations', name))))
}

export async function readEvidence(file: string): Promise<Evidence> {
  return evidenceSchema.parse(await json(file))
}

/** Of a host, for people: "Windows Professional 26100 (de-DE)". */
export function hostText({ host }: Pick<Evidence, 'host'>): string {
  return `Windows ${host.edition} ${String(host.build)} (${host.culture})`
}
