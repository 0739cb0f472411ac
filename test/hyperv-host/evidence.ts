/** What a Hyper-V host answers to evidence.ps1, beside what the simulator says of Hyper-V. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import * as z from 'zod'
import { localLaunch } from '../../providers/hyperv/launch.ts'
import { assetPath } from '../../src/assets.ts'
import { buildProbeIso } from '../../src/media/probe-iso.ts'

const here = (...parts: readonly string[]): string => assetPath('test', 'hyperv-host', ...parts)

const ruleSchema = z.object({
  id: z.string(),
  /** For docs/providers/hyperv.md. */
  text: z.string(),
  expected: z.string(),
  /** Where it was read; without one it is a guess. */
  source: z.string().optional(),
})

export type Rule = z.output<typeof ruleSchema>

export async function readRules(): Promise<readonly Rule[]> {
  const { rules } = z.object({ rules: z.array(ruleSchema) }).parse(await json(here('rules.json')))
  return rules
}

const errorSchema = z.object({
  message: z.string(),
  category: z.string(),
  errorId: z.string(),
  hresult: z.string(),
  exception: z.string(),
})

const hostSchema = z.object({
  languageMode: z.string(),
  psVersion: z.string(),
  psEdition: z.string(),
  culture: z.string(),
  build: z.number(),
  edition: z.string(),
  architecture: z.string(),
  rights: z.object({ administrator: z.boolean(), hyperVAdministrators: z.boolean() }),
})

const typeSchema = z.object({
  type: z.string(),
  base: z.string().nullable(),
  properties: z.record(z.string(), z.string()),
})

const seenSchema = z.object({ rule: z.string(), seen: z.string(), error: errorSchema.optional() })

const evidenceSchema = z.object({
  format: z.literal(1),
  /** ISO 8601. */
  at: z.string(),
  host: hostSchema,
  rules: z.array(seenSchema.extend({ expected: z.string() })),
  types: z.array(typeSchema),
  /** What was neither, e.g. a line of the console. */
  stray: z.array(z.string()),
})

export type Evidence = z.output<typeof evidenceSchema>

export interface Ask {
  /** Has SystemRoot, whose powershell.exe is asked. */
  readonly env: NodeJS.ProcessEnv
  /** For machines and disks; made, and removed afterwards. */
  readonly folder: string
  readonly now: Date
}

/** Asks every rule in one process. Throws where PowerShell does not even tell its version. */
export async function askHyperV({ env, folder, now }: Ask): Promise<Evidence> {
  const rules = await readRules()
  const launch = localLaunch('worker', { env })
  await mkdir(folder)
  try {
    const iso = join(folder, 'probe.iso')
    const binary = await readFile(assetPath('packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
    await writeFile(iso, buildProbeIso({ arch: 'x86_64', then: 'poweroff', binary }))
    const scripts = dirname(launch.args.at(-1) ?? '')
    const given = ['-Scripts', scripts, '-Folder', folder, '-Iso', iso]
    const { stdout, stderr } = await execa(
      launch.command,
      [...launch.args.slice(0, -1), here('evidence.ps1'), ...given],
      { env: launch.env, extendEnv: false, reject: false },
    )
    return read(stdout, stderr, rules, now)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  }
}

function read(stdout: string, stderr: string, rules: readonly Rule[], now: Date): Evidence {
  const lines = stdout.split(/\r?\n/).filter((line) => line !== '')
  const values = lines.map(parsed)
  const all = <T>(schema: z.ZodType<T>): T[] =>
    values.flatMap((value) => {
      const result = schema.safeParse(value)
      return result.success ? [result.data] : []
    })
  const [host] = all(hostSchema)
  if (!host) throw new Error(`PowerShell did not answer: ${stderr || stdout}`)
  const seen = new Map(all(seenSchema).map((each) => [each.rule, each]))
  const stray = [...lines.filter((_, at) => values[at] === undefined), ...(stderr === '' ? [] : [stderr])]
  return {
    format: 1,
    at: now.toISOString(),
    host,
    rules: rules.map(({ id, expected }) => ({ expected, ...(seen.get(id) ?? { rule: id, seen: 'not answered' }) })),
    types: all(typeSchema),
    stray,
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}

/** Evidence files of real hosts that were taken into the project. */
export async function readObservations(): Promise<readonly Evidence[]> {
  const names = (await readdir(here('observations'))).filter((name) => name.endsWith('.json')).sort()
  return await Promise.all(names.map((name) => readEvidence(here('observations', name))))
}

export async function readEvidence(file: string): Promise<Evidence> {
  return evidenceSchema.parse(await json(file))
}

/** Of a host, for people: "Windows Professional 26100 (de-DE)". */
export function hostText({ host }: Evidence): string {
  return `Windows ${host.edition} ${String(host.build)} (${host.culture})`
}
