/** Makes a host's evidence the simulator's data: what New-VM makes, the texts and numbers of errors, the events of a boot. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import * as z from 'zod'
import { hostText, readEvidence, rulesSchema, type Boot, type Evidence } from './evidence.ts'

export interface AcceptTarget {
  /** Has defaults.json, errors.json and events.json. */
  readonly simulator: string
  readonly rules: string
  /** Where the evidence itself is kept. */
  readonly observations: string
}

export interface Accepted {
  /** The file that keeps the evidence. */
  readonly kept: string
  /** Rules that the simulator now plays as they were seen. */
  readonly changed: readonly string[]
  /** Rules that were seen otherwise and that no data file holds: the simulator's code has to change. */
  readonly open: readonly string[]
}

const defaultsSchema = z.looseObject({ values: z.record(z.string(), z.string()) })

const errorsSchema = z.looseObject({
  errors: z.record(
    z.string(),
    z.looseObject({ id: z.string(), category: z.string(), message: z.string(), assumed: z.string().optional() }),
  ),
})

const eventsSchema = z.looseObject({
  outcomes: z.record(z.string(), z.number()),
  events: z.record(z.string(), z.looseObject({ message: z.string() })),
})

/** Takes a file in; the evidence of one host replaces an earlier one of the same build, edition and language. */
export async function accept(
  file: string,
  { simulator, rules: rulesFile, observations }: AcceptTarget,
): Promise<Accepted> {
  const evidence = await readEvidence(file)
  const { edition, build, culture } = evidence.host
  const kept = join(observations, `${edition}-${String(build)}-${culture}.json`.replaceAll(/[^\w.-]/g, '_'))
  const [rules, defaults, errors, events] = await Promise.all([
    read(rulesFile, rulesSchema),
    read(join(simulator, 'defaults.json'), defaultsSchema),
    read(join(simulator, 'errors.json'), errorsSchema),
    read(join(simulator, 'events.json'), eventsSchema),
  ])
  const host = hostText(evidence)
  const [changed, open] = [[] as string[], [] as string[]]
  for (const rule of rules.rules) {
    const seen = evidence.rules.find((each) => each.rule === rule.id)
    if (!seen || isNoAnswer(seen.seen)) continue
    const isInDefaults = rule.id in defaults.values
    const isPlayedError = rule.error !== undefined && seen.error !== undefined
    if (isInDefaults) defaults.values[rule.id] = seen.seen
    if (isPlayedError) {
      const before = errors.errors[rule.error ?? '']
      if (before) errors.errors[rule.error ?? ''] = errorAs(before, seen, evidence, host)
    }
    if (seen.seen === rule.expected) continue
    if (isInDefaults || isPlayedError) {
      rule.expected = seen.seen
      changed.push(rule.id)
    } else open.push(rule.id)
  }
  for (const boot of evidence.boots) takeEvents(boot, events, host)
  await Promise.all([
    write(rulesFile, rules),
    write(join(simulator, 'defaults.json'), defaults),
    write(join(simulator, 'errors.json'), errors),
    write(join(simulator, 'events.json'), events),
    copyFile(file, kept),
  ])
  return { kept, changed, open }
}

/** What rules.ps1 and ask.ts say where there is no answer: a host that refuses nothing, or a question that failed. */
function isNoAnswer(seen: string): boolean {
  return seen === 'failed' || seen === 'not answered'
}

/** Ids and numbers are the same in every language; the simulator speaks English. */
function errorAs(
  before: z.output<typeof errorsSchema>['errors'][string],
  { error, facts = [] }: Evidence['rules'][number],
  { host: { culture } }: Evidence,
  host: string,
): z.output<typeof errorsSchema>['errors'][string] {
  if (!error) return before
  const { assumed, ...rest } = before
  const isEnglish = culture.startsWith('en')
  return {
    ...rest,
    id: error.errorId.split(',')[0] ?? error.errorId,
    category: error.category,
    hresult: error.hresult,
    message: isEnglish ? withPlaces(error.message, facts) : before.message,
    // What a host in another language confirms is everything but the text.
    ...(isEnglish || assumed === undefined ? {} : { assumed: 'the English text' }),
    seen: host,
  }
}

/** Only the words of the events' own XML and text: what a boot is called there. */
function takeEvents(boot: Boot, file: z.output<typeof eventsSchema>, host: string): void {
  const outcome = boot.events.find(({ id }) => id > 18_600 && id < 18_700)
  // A boot that tells nothing is known too: such a host writes no event of it.
  file.outcomes[boot.kind] = outcome?.id ?? 0
  for (const { id, provider, log, level, message, xml } of boot.events) {
    const facts = [boot.name, boot.id]
    file.events[String(id)] = {
      provider,
      log,
      level,
      message: withPlaces(message, facts),
      xml: withPlaces(xml, facts)
        .replace(/<EventRecordID>\d+</, '<EventRecordID>{2}<')
        .replace(/SystemTime=(['"])[^'"]*\1/, 'SystemTime=$1{3}$1'), // SystemTime='2026-11-29T07:00:00.1Z'
      seen: host,
    }
  }
}

/** The text with {0} and on for what it names, in any case. */
function withPlaces(text: string, facts: readonly string[]): string {
  // The longest first: a machine's name may be part of a path.
  const order = facts.map((fact, index) => ({ fact, index })).toSorted((a, b) => b.fact.length - a.fact.length)
  return order
    .filter(({ fact }) => fact !== '')
    .reduce((rest, { fact, index }) => rest.replaceAll(new RegExp(escaped(fact), 'gi'), `{${String(index)}}`), text)
}

async function read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await readFile(file, 'utf8')))
}

async function write(file: string, value: unknown): Promise<void> {
  await writeFile(file, await format(JSON.stringify(value), { ...(await resolveConfig(file)), filepath: file }))
}

/** As a pattern that means the text itself: `C:\a.vhdx`. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
