import type { OptionData, OutputFormat } from './command.ts'

/** Options that every command has. */
export const globalOptions = {
  output: {
    type: 'string',
    alias: 'o',
    choices: ['text', 'json'],
    default: 'text',
    description: 'For people, or one JSON document on stdout.',
  },
  quiet: { type: 'boolean', alias: 'q', description: 'Say nothing on stderr but warnings and errors.' },
  verbose: { type: 'boolean', alias: 'v', description: 'Say more on stderr.' },
  help: { type: 'boolean', alias: 'h', description: 'Explain the command.' },
} as const satisfies Record<string, OptionData>

/**
 * The output format that a command line asks for, before it is parsed: faults of the command line itself are
 * reported in it.
 */
export function peekOutput(argv: readonly string[]): OutputFormat {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  const asked = own.flatMap((word, index) => {
    const value = /^(?:--output|-o)(?:=(.*))?$/s.exec(word)
    return value === null ? [] : [value[1] ?? own[index + 1]]
  })
  return asked.at(-1) === 'json' ? 'json' : 'text'
}
