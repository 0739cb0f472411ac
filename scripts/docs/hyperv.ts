/** docs/providers/hyperv.md: its text, and what is known of Hyper-V, each with who saw it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hostText, readObservations, readRules, type Evidence, type Rule } from '../../test/hyperv-host/evidence.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

interface Assumed {
  readonly bases: Readonly<Record<string, string>>
  readonly properties: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly enums: Readonly<Record<string, unknown>>
}

interface Errors {
  readonly errors: Readonly<
    Record<string, { readonly id: string; readonly source?: string; readonly assumed?: string }>
  >
}

/** `root` is the checkout. */
export async function hyperVPage(root: string): Promise<string> {
  const simulator = join(root, 'test', 'simulators', 'hyperv')
  const [text, rules, observations, assumed, errors] = await Promise.all([
    readFile(join(root, 'scripts', 'docs', 'hyperv.md'), 'utf8'),
    readRules(),
    readObservations(),
    json<Assumed>(join(simulator, 'assumed.json')),
    json<Errors>(join(simulator, 'errors.json')),
  ])
  return blocks([
    generatedNote,
    text.trim(),
    '## What is known of Hyper-V',
    'Nobody had a Windows machine at hand when this was written. The tests run against a simulator, and this is what it ' +
      'says of Hyper-V: *seen on* a host, read in a source, or a guess. What no host has confirmed is **assumed**. ' +
      '`npm run test:hyperv` on a Hyper-V host asks for each, changes nothing that is not its own, and writes a file; ' +
      'please send it.',
    table(
      ['What', 'Answer', 'How we know'],
      rules.map((rule) => [rule.text, code(rule.expected), whyOf(rule, observations)]),
    ),
    '## Errors that the simulator plays',
    table(
      ['Error', 'Id', 'How we know'],
      Object.entries(errors.errors).map(([name, { id, source, assumed: part }]) => [
        name,
        code(id),
        [source === undefined ? '' : `read in ${source}`, part === undefined ? '' : `**assumed**: ${part}`]
          .filter((each) => each !== '')
          .join('; '),
      ]),
    ),
    '## Types that no source tells',
    `**Assumed**: the base classes of ${String(Object.keys(assumed.bases).length)} classes, the properties of ` +
      `${Object.keys(assumed.properties).map(code).join(', ')}, and the values of ` +
      `${Object.keys(assumed.enums).map(code).join(', ')}.`,
  ])
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
