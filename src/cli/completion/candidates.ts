/** What may stand at a place of a command line, from the data of the commands. */
import type { AnyCommand, CommandEntry, OptionData, PositionalData } from '../command.ts'
import { globalOptions } from '../global-options.ts'
import { optionText } from '../help.ts'

export interface Candidate {
  readonly word: string
  readonly description: string
}

export interface Candidates {
  readonly words: readonly Candidate[]
  /** The shell is to offer files, too. */
  readonly files: boolean
}

/** Looked up only where a machine's name may stand. */
export type MachineNames = () => Promise<readonly string[]>

const nothing: Candidates = { words: [], files: false }

/** `before` are the whole words after `azl-vm`, `current` the one that is being typed. Never asks a hypervisor. */
export async function candidates(
  entries: readonly CommandEntry[],
  before: readonly string[],
  current: string,
  machineNames: MachineNames,
): Promise<Candidates> {
  const shown = entries.filter((entry) => entry.hidden !== true)
  const all = await possible(shown, before, current, machineNames)
  return { ...all, words: all.words.filter(({ word }) => word.startsWith(current)) }
}

async function possible(
  entries: readonly CommandEntry[],
  before: readonly string[],
  current: string,
  machineNames: MachineNames,
): Promise<Candidates> {
  const words = before[0] === 'help' ? before.slice(1) : before
  const found = commandOf(entries, words)
  if (!found)
    return words.every((word) => word.startsWith('-')) ? firstWords(entries, current) : secondWords(entries, words)
  if (before[0] === 'help') return nothing
  const { command } = await found.entry.load()
  return await argument(command, found.rest, current, machineNames)
}

function commandOf(entries: readonly CommandEntry[], words: readonly string[]) {
  const [first = '', second = ''] = words
  const named = (name: string): CommandEntry | undefined =>
    entries.find((entry) => entry.name === name || entry.aliases?.includes(name) === true)
  const two = named(`${first} ${second}`)
  if (two) return { entry: two, rest: words.slice(2) }
  const one = named(first)
  return one && { entry: one, rest: words.slice(1) }
}

function firstWords(entries: readonly CommandEntry[], current: string): Candidates {
  if (current.startsWith('-')) return { words: optionWords(globalOptions), files: false }
  const words = entries.map(({ name, summary }) => {
    const [first = '', second] = name.split(' ')
    return { word: first, description: second === undefined ? summary : '' }
  })
  const help = { word: 'help', description: 'Explain a command.' }
  return { words: [...new Map([...words, help].map((each) => [each.word, each])).values()], files: false }
}

function secondWords(entries: readonly CommandEntry[], words: readonly string[]): Candidates {
  const found = entries.flatMap(({ name, summary }) => {
    const [first, second] = name.split(' ')
    return words.length === 1 && first === words[0] && second !== undefined
      ? [{ word: second, description: summary }]
      : []
  })
  return { words: found, files: false }
}

async function argument(
  command: AnyCommand,
  words: readonly string[],
  current: string,
  machineNames: MachineNames,
): Promise<Candidates> {
  const options: Readonly<Record<string, OptionData>> = { ...globalOptions, ...command.options }
  const valued = valuedOption(options, words.at(-1))
  if (valued) return optionValues(valued)
  const [, assigned = ''] = /^(--[^=]+)=/.exec(current) ?? []
  if (assigned !== '') return assignedValues(assigned, valuedOption(options, assigned))
  if (current.startsWith('-')) return { words: optionWords(options), files: false }
  const isValue = (index: number): boolean => valuedOption(options, words[index - 1]) !== undefined
  const count = words.filter((word, index) => !word.startsWith('-') && !isValue(index)).length
  const positional = command.positionals[count] ?? command.positionals.findLast(({ variadic }) => variadic === true)
  return positional ? await positionalValues(positional, machineNames) : nothing
}

/** The option that takes the next word as its value. */
function valuedOption(options: Readonly<Record<string, OptionData>>, word: string | undefined): OptionData | undefined {
  const [, option] =
    Object.entries(options).find(
      ([name, { alias }]) => word === `--${name}` || (alias !== undefined && word === `-${alias}`),
    ) ?? []
  return option?.type === 'boolean' ? undefined : option
}

function optionValues(option: OptionData): Candidates {
  const choices = 'choices' in option ? (option.choices ?? []) : []
  return { words: choices.map((word) => ({ word, description: '' })), files: option.placeholder === 'FILE' }
}

/** `--port=` with each value behind it: the shell replaces the whole word. */
function assignedValues(text: string, option: OptionData | undefined): Candidates {
  if (!option) return nothing
  return { words: optionValues(option).words.map((each) => ({ ...each, word: `${text}=${each.word}` })), files: false }
}

function optionWords(options: Readonly<Record<string, OptionData>>): readonly Candidate[] {
  return Object.entries(options)
    .filter(([, option]) => option.hidden !== true)
    .map(([name, option]) => ({ word: `--${name}`, description: optionText(option) }))
}

async function positionalValues(positional: PositionalData, machineNames: MachineNames): Promise<Candidates> {
  const names = positional.completes === 'machine' ? await machineNames() : []
  const words = [...(positional.choices ?? []), ...names].map((word) => ({ word, description: '' }))
  return { words, files: positional.completes !== undefined }
}
