/**
 * Turns the words after a command into the arguments that its data promises. yargs' parser splits; the rules are here.
 * Only the parser of yargs is loaded: what is around it takes as long to load as Node itself.
 */
import { Parser as parser } from 'yargs/helpers'
import type { AzlVmError } from '../errors.ts'
import { didYouMean } from '../did-you-mean.ts'
import { shortened } from '../printable.ts'
import type { AnyCommand, OptionData, OutputFormat, PositionalData } from './command.ts'
import { globalOptions } from './global-options.ts'
import { placeholder } from './help.ts'
import { usageError } from '../usage-error.ts'

export interface ParsedArgs {
  readonly args: Readonly<Record<string, unknown>>
  readonly output: OutputFormat
  readonly isQuiet: boolean
  readonly isVerbose: boolean
  readonly wantsHelp: boolean
}

type Raw = Readonly<Record<string, unknown>>

/** Throws a usage error that names the option or argument that is wrong, and what is allowed. */
export function parseArgs(command: AnyCommand, commandName: string, words: readonly string[]): ParsedArgs {
  const options: Readonly<Record<string, OptionData>> = { ...globalOptions, ...command.options }
  const raw = split(options, words, command.passesRestOn === true)
  const wantsHelp = raw['help'] === true
  const isSet = (name: string) => raw[name] === true
  const problem = unknownOption(raw, options, commandName) ?? invalidBoolean(words, options)
  if (problem !== undefined) throw problem
  const common = { isQuiet: isSet('quiet'), isVerbose: isSet('verbose'), wantsHelp }
  if (wantsHelp) return { args: {}, output: 'text', ...common }
  const values = Object.entries(options).map(([name, option]) => [
    name,
    optionValue(name, option, raw[name], commandName),
  ])
  const args = Object.fromEntries([...values, ...positionalValues(command, raw, commandName)]) as Raw
  return { args, output: args['output'] === 'json' ? 'json' : 'text', ...common }
}

function split(options: Readonly<Record<string, OptionData>>, words: readonly string[], stopsEarly: boolean): Raw {
  const taking = (type: OptionData['type']) =>
    Object.entries(options).flatMap(([name, option]) => (option.type === type ? [name] : []))
  const valued = Object.keys(options).filter((name) => options[name]?.type !== 'boolean')
  const aliases = Object.entries(options).flatMap(([name, { alias }]) => (alias === undefined ? [] : [[name, [alias]]]))
  const { argv, error } = parser.detailed([...words], {
    configuration: {
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'halt-at-non-option': stopsEarly,
      'strip-aliased': true,
      'greedy-arrays': false,
      'boolean-negation': false,
    },
    alias: Object.fromEntries(aliases) as Record<string, string[]>,
    boolean: taking('boolean'),
    string: [...taking('string'), ...taking('number'), ...taking('string[]'), '_'],
    // Not a number: one value must follow, in whatever form.
    narg: Object.fromEntries(valued.map((name) => [name, Number.NaN])),
  })
  if (error !== null) throw translated(error.message, options)
  return argv
}

/** A missing value is the only fault that is left to the parser; this is its sentence. */
function translated(message: string, options: Readonly<Record<string, OptionData>>): AzlVmError {
  const word = /following: (.+)$/.exec(message)?.[1] // Not enough arguments following: o
  if (word === undefined) return usageError(message)
  const [name, option] = Object.entries(options).find(([each, { alias }]) => each === word || alias === word) ?? [word]
  const short = option?.alias === undefined ? '' : `-${option.alias}, `
  const choices = option && 'choices' in option ? option.choices : undefined
  return usageError(`${short}--${name} needs a value`, choices && `one of: ${choices.join(', ')}`)
}

function unknownOption(raw: Raw, options: Readonly<Record<string, OptionData>>, commandName: string) {
  const unknown = Object.keys(raw).find((key) => key !== '_' && key !== '$0' && !Object.hasOwn(options, key))
  if (unknown === undefined) return undefined
  const dashes = unknown.length === 1 ? '-' : '--'
  const shown = Object.keys(options).filter((name) => options[name]?.hidden !== true)
  const meant = didYouMean(unknown, shown)
  return usageError(
    `'${commandName}' has no option ${dashes}${shortened(unknown)}`,
    meant === undefined ? `'azl-vm ${commandName} --help' lists its options` : `did you mean --${meant}?`,
  )
}

/** `--force=maybe` is neither; the parser would take it for false. */
function invalidBoolean(words: readonly string[], options: Readonly<Record<string, OptionData>>) {
  for (const word of words) {
    if (word === '--') return undefined
    const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/s.exec(word) ?? []
    if (options[name]?.type === 'boolean' && value !== 'true' && value !== 'false') {
      return usageError(`--${name} takes no value`, `write --${name}, or leave it out`)
    }
  }
  return undefined
}

function optionValue(name: string, option: OptionData, value: unknown, commandName: string): unknown {
  if (option.type === 'boolean') return value === undefined ? (option.default ?? false) : value === true
  if (option.type === 'string[]') {
    const list = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string')
    for (const each of list) checkChoice(`--${name}`, each, option.choices)
    return list
  }
  if (Array.isArray(value)) throw usageError(`--${name} is given twice`, 'give it once')
  if (typeof value !== 'string') {
    if (option.required === true) throw missing(`--${name}`, commandName)
    return option.default
  }
  if (option.type === 'string') {
    // A script's unset variable: what would happen without the option is not what was meant.
    if (value === '' && option.default !== '') throw usageError(`--${name} has an empty value`, seeHelp(commandName))
    checkChoice(`--${name}`, value, option.choices)
    return value
  }
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number)) throw usageError(`--${name}: '${shortened(value)}' is no number`)
  return number
}

function positionalValues(command: AnyCommand, raw: Raw, commandName: string): [string, unknown][] {
  const given = (Array.isArray(raw['_']) ? raw['_'] : []).map(String)
  // `exec NAME -- ls`: the parser stopped before the dashes, which are not the guest's.
  const dashes = command.passesRestOn === true ? given.indexOf('--') : -1
  const words = dashes === -1 || dashes >= command.positionals.length ? given : given.toSpliced(dashes, 1)
  const values = command.positionals.map((positional, index): [string, unknown] => {
    if (positional.variadic === true)
      return [positional.name, variadicValue(positional, words.slice(index), commandName)]
    const word = words[index]
    if (word === undefined && positional.required === true) throw missing(placeholder(positional), commandName)
    if (word !== undefined) checkChoice(placeholder(positional), word, positional.choices)
    return [positional.name, word]
  })
  const extra = words[command.positionals.length]
  if (extra !== undefined && command.positionals.at(-1)?.variadic !== true) {
    throw usageError(`'${shortened(extra)}' is one argument too many for '${commandName}'`, seeHelp(commandName))
  }
  return values
}

function variadicValue(positional: PositionalData, words: readonly string[], commandName: string): readonly string[] {
  if (words.length === 0 && positional.required === true) throw missing(placeholder(positional), commandName)
  for (const word of words) checkChoice(placeholder(positional), word, positional.choices)
  return words
}

function checkChoice(what: string, value: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(value)) return
  const meant = didYouMean(value, choices)
  const allowed = `one of: ${choices.join(', ')}`
  throw usageError(
    `${what}: '${shortened(value)}' is not known`,
    meant === undefined ? allowed : `did you mean '${meant}'? ${allowed}`,
  )
}

function missing(what: string, commandName: string): AzlVmError {
  return usageError(`'${commandName}' needs ${what}`, seeHelp(commandName))
}

function seeHelp(commandName: string): string {
  return `'azl-vm ${commandName} --help' explains it`
}
