/** docs/providers/vmware.md: its text, what the adapter can do, and every line that it writes into a .vmx with its source. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { capabilitiesOf } from '../../providers/vmware/facts.ts'
import { knownKeys } from '../../providers/vmware/vmx-keys.ts'
import { capabilityRows } from '../../src/commands/providers.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

/** `root` is the checkout. */
export async function vmwarePage(root: string): Promise<string> {
  const text = await readFile(join(root, 'scripts', 'docs', 'vmware.md'), 'utf8')
  const tools = { vmcli: 'vmcli', window: 'vmware' }
  const [pc, mac] = (['x86_64', 'aarch64'] as const).map((hostArchitecture) =>
    capabilityRows(capabilitiesOf({ hostArchitecture, tools })),
  )
  return blocks([
    generatedNote,
    text.trim(),
    '## What it can do',
    'Where all of VMware’s tools are there; without `vmcli` there are no screenshots.',
    table(
      ['', 'x86_64 host', 'Apple silicon'],
      (pc ?? []).map(([what, value], index) => [what, value, mac?.[index]?.[1] ?? '']),
    ),
    '## Every line of a .vmx',
    'azl-vm writes these keys and no others; `#` is a number. VMware takes a misspelled key in silence, so each line is ' +
      'looked up in this table before it is written.',
    table(
      ['Key', 'Values', 'Who says so'],
      knownKeys.map(({ key, values, source }) => [code(key), code(values.source), source]),
    ),
  ])
}
