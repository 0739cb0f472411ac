/** Finds the command in a command line. Needs no parser: the fast paths of `--help` and `--version` go through here. */
import { didYouMean } from '../did-you-mean.ts'
import { shortened } from '../printable.ts'
import type { CommandEntry } from './command.ts'
import { usageError } from '../usage-error.ts'

/** A command line, taken apart as far as its command. */
export interface ResolvedCommand {
  readonly entry: CommandEntry
  /** All words but those of the command. */
  readonly rest: readonly string[]
}

/** True where the words before the command ask for help or the version. */
export function asksFor(argv: readonly string[], ...words: readonly string[]): boolean {
  const index = firstWord(argv)
  return argv.slice(0, index === -1 ? argv.length : index).some((word) => words.includes(word))
}

/** The words after `help`, undefined where the first word is another. */
export function afterHelp(argv: readonly string[]): readonly string[] | undefined {
  const at = firstWord(argv)
  return argv[at] === 'help' ? without(argv, at, 1) : undefined
}

/** The command that `argv` begins with, undefined where it names none. Throws where it names an unknown one. */
export function resolveCommand(argv: readonly string[], entries: readonly CommandEntry[]): ResolvedCommand | undefined {
  const at = firstWord(argv)
  if (at === -1) return undefined
  const word = argv[at] ?? ''
  const next = argv[at + 1]
  const two = next === undefined ? undefined : find(`${word} ${next}`, entries)
  if (two !== undefined) return { entry: two, rest: without(argv, at, 2) }
  const one = find(word, entries)
  if (one !== undefined) return { entry: one, rest: without(argv, at, 1) }
  throw unknownCommand(word, next, entries)
}

/** Where help is asked for a word that begins commands but is none (`snapshot --help`): those commands. */
export function groupAskedFor(argv: readonly string[], entries: readonly CommandEntry[]): readonly CommandEntry[] {
  const at = firstWord(argv)
  const [word = '', next] = argv.slice(Math.max(at, 0))
  if (at === -1 || (next !== '--help' && next !== '-h') || find(word, entries) !== undefined) return []
  return entriesBelow(word, entries)
}

function entriesBelow(word: string, entries: readonly CommandEntry[]): readonly CommandEntry[] {
  return entries.filter((entry) => entry.hidden !== true && entry.name.startsWith(`${word} `))
}

/** The index of the first word that is no option, nor the value of a global one. -1: there is none. */
function firstWord(argv: readonly string[]): number {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (word === '--') return -1
    if (word === '-o' || word === '--output') index++
    else if (!word.startsWith('-')) return index
  }
  return -1
}

function find(name: string, entries: readonly CommandEntry[]): CommandEntry | undefined {
  return entries.find((entry) => entry.name === name || entry.aliases?.includes(name) === true)
}

function without(argv: readonly string[], index: number, count: number): string[] {
  return [...argv.slice(0, index), ...argv.slice(index + count)]
}

function unknownCommand(word: string, next: string | undefined, entries: readonly CommandEntry[]) {
  const shown = entries.filter((entry) => entry.hidden !== true)
  const children = entriesBelow(word, entries).map((entry) => entry.name)
  if (children.length > 0) {
    const said = next === undefined || next.startsWith('-') ? undefined : shortened(next)
    const message = said === undefined ? `'${word}' needs one more word` : `'${word} ${said}' is no command`
    return usageError(message, `there are: ${children.join(', ')}`)
  }
  const meant = meaning(word, shown)
  return usageError(
    `'${shortened(word)}' is no command of azl-vm`,
    meant === undefined ? "'azl-vm --help' lists the commands" : `did you mean '${meant}'?`,
  )
}

function meaning(word: string, entries: readonly CommandEntry[]): string | undefined {
  const synonym = entries.find((entry) => entry.alsoCalled?.includes(word.toLowerCase()))
  const names = entries.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])])
  return synonym?.name ?? didYouMean(word, names)
}
