/** docs/providers/hyperv.md: its text, and what is known of Hyper-V, each with who saw it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bootKinds,
  hostText,
  readObservations,
  readRules,
  type Evidence,
  type Rule,
} from '../../test/hyperv-host/evidence.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

interface Assumed {
  readonly bases: Readonly<Record<string, string>>
  readonly properties: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly enums: Readonly<Record<string, unknown>>
}

interface Errors {
  readonly errors: Readonly<
    Record<string, { readonly id: string; readonly source?: string; readonly assumed?: string; readonly seen?: string }>
  >
}

interface Events {
  readonly outcomes: Readonly<Record<string, number>>
}

/** `root` is the checkout. */
export async function hyperVPage(root: string): Promise<string> {
  const simulator = join(root, 'test', 'simulators', 'hyperv')
  const [text, rules, observations, assumed, errors, events] = await Promise.all([
    readFile(join(root, 'scripts', 'docs', 'hyperv.md'), 'utf8'),
    readRules(),
    readObservations(),
    json<Assumed>(join(simulator, 'assumed.json')),
    json<Errors>(join(simulator, 'errors.json')),
    json<Events>(join(simulator, 'events.json')),
  ])
  return blocks([
    generatedNote,
    text.trim(),
    '## What is known of Hyper-V',
    'Nobody had a Windows machine at hand when this was written. The tests run against a simulator, and this is what it ' +
      'says of Hyper-V: *seen on* a host, read in a source, or a guess. What no host has confirmed is **assumed**. ' +
      '`npm run test:hyperv` on a Hyper-V host asks for each, boots the probe in four ways, runs the contract suite, touches ' +
      'nothing that is not its own, and writes a file; please send it. `npm run test:hyperv -- --accept FILE` makes the ' +
      'simulator play what was seen. All of that has run against the simulator alone so far.',
    table(
      ['What', 'Answer', 'How we know'],
      rules.map((rule) => [rule.text, code(rule.expected), whyOf(rule, observations)]),
    ),
    '## Errors that the simulator plays',
    table(
      ['Error', 'Id', 'How we know'],
      Object.entries(errors.errors).map(([name, { id, source, assumed: part, seen }]) => [
        name,
        code(id),
        [
          seen === undefined ? '' : `*seen on ${seen}*`,
          source === undefined ? '' : `read in ${source}`,
          part === undefined ? '' : `**assumed**: ${part}`,
        ]
          .filter((each) => each !== '')
          .join('; '),
      ]),
    ),
    '## What Hyper-V’s logs say of a boot',
    table(
      ['The boot', 'Event', 'How we know'],
      bootKinds.map((kind) => {
        const id = events.outcomes[kind] ?? 0
        const seen = observations.filter(({ boots }) => boots.some((boot) => boot.kind === kind)).map(hostText)
        const why =
          seen.length > 0
            ? `*seen on ${seen.join('; ')}*`
            : '**assumed**, number and meaning read in microsoft/openvmm (petri)'
        return [bootTexts[kind], id === 0 ? 'none' : code(String(id)), why]
      }),
    ),
    '## How long Hyper-V takes, and who runs the contract there',
    observations.length === 0
      ? '**Not known**: how long merges of checkpoints take, how long files stay held, when the pipe of COM1 is there, what ' +
        'lists say without rights, and whether the contract suite passes. `npm run test:hyperv` measures and runs all of it.'
      : table(['Host', 'Merge, lock', 'Lists without rights', 'Contract'], observations.map(hostRow)),
    '## Types that no source tells',
    `**Assumed**: the base classes of ${String(Object.keys(assumed.bases).length)} classes, the properties of ` +
      `${Object.keys(assumed.properties).map(code).join(', ')}, and the values of ` +
      `${Object.keys(assumed.enums).map(code).join(', ')}.`,
  ])
}

/** What was booted in each kind. */
const bootTexts: Readonly<Record<(typeof bootKinds)[number], string>> = {
  booted: 'the probe, which switches the machine off',
  denied: 'the unsigned probe with Secure Boot on',
  failed: 'an empty disk',
  nothing: 'nothing in the boot order',
}

function hostRow(evidence: Evidence): readonly string[] {
  const { lists, times, contract } = evidence
  const failed = contract.tests.filter(({ state }) => state === 'failed').length
  return [
    hostText(evidence),
    times.map(({ time, ms }) => `${time} ${String(ms)} ms`).join(', '),
    lists.without.skipped ?? lists.without.lists.map(({ list, seen }) => `${list}: ${seen}`).join(', '),
    contract.skipped ?? `${String(contract.tests.length - failed)} of ${String(contract.tests.length)} passed`,
  ]
}

function whyOf({ id, expected, source }: Rule, observations: readonly Evidence[]): string {
  const seen = observations.flatMap((evidence) =>
    evidence.rules
      .filter(({ rule }) => rule === id)
      .map((each) =>
        each.seen === expected
          ? `*seen on ${hostText(evidence)}*`
          : `**differs** on ${hostText(evidence)}: ${code(each.seen)}`,
      ),
  )
  if (seen.length > 0) return seen.join('; ')
  return source === undefined ? '**assumed**' : `**assumed**, read in ${source}`
}

async function json<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T
}
