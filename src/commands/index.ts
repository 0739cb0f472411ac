/**
 * The commands, as `--help` lists them. The file of a verb is loaded when it is run or explained: keep it that
 * way, `--version` and `--help` are measured by a test.
 */
import type { CommandEntry } from '../cli/command.ts'

export const commandEntries: readonly CommandEntry[] = [
  {
    name: 'init',
    group: 'Begin',
    summary: 'Write a spec to start from, and the schema that editors check it with.',
    alsoCalled: ['new', 'create-spec', 'template', 'templates'],
    load: () => import('./init.ts'),
  },
  {
    name: 'validate',
    group: 'Begin',
    summary: 'Check a spec; show every fault with its line.',
    alsoCalled: ['check-spec', 'lint', 'verify'],
    load: () => import('./validate.ts'),
  },
  {
    name: 'schema',
    group: 'Begin',
    summary: 'Print the JSON Schema of a spec, for editors and other tools.',
    load: () => import('./schema.ts'),
  },
]
