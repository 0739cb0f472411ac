/** docs/providers/virtualbox.md: its text, and what the provider says that it can do. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { capabilitiesOf } from '../../providers/virtualbox/capabilities.ts'
import { capabilityRows } from '../../src/commands/providers.ts'
import { blocks, generatedNote, table } from './markdown.ts'

/** `root` is the checkout. */
export async function virtualBoxPage(root: string): Promise<string> {
  const text = await readFile(join(root, 'scripts', 'docs', 'virtualbox.md'), 'utf8')
  const [pc, arm] = (['x86_64', 'aarch64'] as const).map((each) => capabilityRows(capabilitiesOf(each, true)))
  return blocks([
    generatedNote,
    text.trim(),
    '## What it can do',
    'Where there is a host-only network. What is said of ARM hosts nobody has seen.',
    table(
      ['', 'x86_64 host', 'ARM host'],
      (pc ?? []).map(([what, value], index) => [what, value, arm?.[index]?.[1] ?? '']),
    ),
  ])
}
