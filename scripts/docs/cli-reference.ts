import { commandGroups, type AnyCommand, type CommandEntry, type OptionData } from '../../src/cli/command.ts'
import { globalOptions } from '../../src/cli/global-options.ts'
import { exitCodeTexts, optionLabel, optionText, placeholder, usageLine } from '../../src/cli/help.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

/** The page of all commands, from their data. */
export async function cliReference(entries: readonly CommandEntry[]): Promise<string> {
  const shown = entries.filter((entry) => entry.hidden !== true)
  const groups = commandGroups.map(async (group) => {
    const own = shown.filter((entry) => entry.group === group)
    const pages = await Promise.all(own.map(async (entry) => commandParts(entry, (await entry.load()).command)))
    return own.length === 0 ? [] : [`## ${group}`, ...pages.flat()]
  })
  return blocks([
    generatedNote,
    '# Commands',
    'stdout holds results, stderr the story. With `--output json` every command prints one JSON document on stdout: its ' +
      'result, or `{ "error": { "code", "message", "hint", "causes", "evidence", "diagnostics" } }`. Nothing asks when ' +
      'stdin is no terminal. Colours only on a terminal, and not where `NO_COLOR` is set. The first Ctrl-C ends a command ' +
      'in good order, the second at once. `AZL_VM_HOME` is the folder that holds all that azl-vm keeps.',
    '## Options of every command',
    optionTable(globalOptions),
    '## Exit codes',
    table(['Code', 'Meaning'], exitCodeTexts),
    'Each error has a code of its own: [error codes](error-codes.md).',
    ...(await Promise.all(groups)).flat(),
  ])
}

function commandParts(entry: CommandEntry, command: AnyCommand): string[] {
  const own = Object.entries(command.options).filter(([, option]) => option.hidden !== true)
  const examples = command.examples.map(({ command: line, text }) => `- ${code(line)}<br>${text}`)
  return [
    `### ${code(`azl-vm ${entry.name}`)}`,
    entry.summary,
    ['```text', usageLine(entry, command).replace('Usage: ', ''), '```'].join('\n'),
    entry.aliases === undefined ? '' : `Also: ${entry.aliases.map((alias) => code(`azl-vm ${alias}`)).join(', ')}.`,
    command.description ?? '',
    command.positionals.length === 0
      ? ''
      : table(
          ['Argument', 'What it is'],
          command.positionals.map((each) => [code(placeholder(each)), each.description]),
        ),
    own.length === 0 ? '' : optionTable(Object.fromEntries(own)),
    examples.length === 0 ? '' : `Examples:\n\n${examples.join('\n')}`,
  ]
}

function optionTable(options: Readonly<Record<string, OptionData>>): string {
  const rows = Object.entries(options).map(([name, option]) => [
    code(optionLabel(name, option).trim()),
    optionText(option),
  ])
  return table(['Option', 'What it does'], rows)
}
