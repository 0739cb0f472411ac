/** Help, made from the data of the commands. */
import { version } from '../version.ts'
import { commandGroups, type AnyCommand, type CommandEntry, type OptionData, type PositionalData } from './command.ts'
import { globalOptions } from './global-options.ts'
import { displayWidth, wrap, type Paint } from './terminal.ts'

export interface HelpStyle {
  readonly paint: Paint
  readonly width: number
}

/** What the exit codes mean, for the help and the reference page. */
export const exitCodeTexts = [
  ['0', 'fine'],
  ['1', 'evaluated, and failed'],
  ['2', 'usage, spec, unsupported combination, a path that is not there'],
  ['3', 'the host is not ready'],
  ['4', 'the provider failed, name taken, not owned, differs'],
  ['5', 'the guest did not get there'],
  ['6', 'the medium was read and found wanting'],
  ['70', 'a bug in azl-vm'],
  ['130', 'interrupted'],
] as const

/** `azl-vm --help`. */
export function renderHelp(entries: readonly CommandEntry[], style: HelpStyle): string {
  const shown = entries.filter((entry) => entry.hidden !== true)
  const column = Math.max(...shown.map((entry) => entry.name.length))
  const sections = commandGroups.flatMap((group) => {
    const own = shown.filter((entry) => entry.group === group)
    if (own.length === 0) return []
    return [heading(group, style), ...own.flatMap((entry) => row(entry.name, entry.summary, column, style)), '']
  })
  return lines([
    `azl-vm ${version()}: one YAML spec in, one evaluated Azure Linux virtual machine out`,
    '',
    'Usage: azl-vm COMMAND [ARGUMENTS] [OPTIONS]',
    '       azl-vm help COMMAND',
    '',
    ...sections,
    heading('Options of every command', style),
    ...optionRows(globalOptions, style),
    '',
    heading('Exit codes', style),
    ...exitCodeTexts.flatMap(([code, meaning]) => row(code, meaning, 3, style)),
    '',
    ...wrap('AZL_VM_HOME is the folder that holds all that azl-vm keeps. Begin with: azl-vm init', style.width),
  ])
}

/** `azl-vm COMMAND --help`. */
export function renderCommandHelp(entry: CommandEntry, command: AnyCommand, style: HelpStyle): string {
  const { positionals, options, examples } = command
  const column = Math.max(0, ...positionals.map((each) => placeholder(each).length))
  const hasOptions = Object.values(options).some((option) => option.hidden !== true)
  return lines([
    ...wrap(entry.summary, style.width),
    '',
    usageLine(entry, command),
    ...(entry.aliases === undefined ? [] : [`Also: ${entry.aliases.map((alias) => `azl-vm ${alias}`).join(', ')}`]),
    ...(command.description ?? '')
      .split('\n\n')
      .flatMap((text) => (text === '' ? [] : ['', ...wrap(text, style.width)])),
    ...section(
      'Arguments',
      positionals.flatMap((each) => row(placeholder(each), positionalText(each), column, style)),
      style,
    ),
    ...section('Options', hasOptions ? optionRows(options, style) : [], style),
    ...section('Options of every command', optionRows(globalOptions, style), style),
    ...section(
      'Examples',
      examples.flatMap(({ command: line, text }) => [
        `  ${line}`,
        ...wrap(text, style.width - 6).map((each) => `      ${each}`),
      ]),
      style,
    ),
  ])
}

/** `Usage: azl-vm exec NAME [COMMAND...] [OPTIONS]`. */
export function usageLine(entry: CommandEntry, command: AnyCommand): string {
  const required = Object.entries(command.options).flatMap(([name, option]) =>
    option.required === true ? [`--${name} ${placeholderOf(name, option)}`] : [],
  )
  const words = command.positionals.map((each) => {
    const text = each.variadic === true ? `${placeholder(each)}...` : placeholder(each)
    return each.required === true ? text : `[${text}]`
  })
  return ['Usage: azl-vm', entry.name, ...words, ...required, '[OPTIONS]'].join(' ')
}

/** What help and messages call a positional argument. */
export function placeholder(positional: PositionalData): string {
  return positional.name.replace(/[A-Z]/g, '-$&').toUpperCase()
}

function positionalText({ description, choices }: PositionalData): string {
  return choices === undefined ? description : `${description} (${choices.join(', ')})`
}

function section(title: string, body: readonly string[], style: HelpStyle): string[] {
  return body.length === 0 ? [] : ['', heading(title, style), ...body]
}

function optionRows(options: Readonly<Record<string, OptionData>>, style: HelpStyle): string[] {
  const shown = Object.entries(options).filter(([, option]) => option.hidden !== true)
  const rows = shown.map(([name, option]) => [optionLabel(name, option), optionText(option)] as const)
  const column = Math.min(28, Math.max(...rows.map(([left]) => left.length)))
  return rows.flatMap(([left, right]) => row(left, right, column, style))
}

/** `-o, --output text|json`. */
export function optionLabel(name: string, option: OptionData): string {
  const short = option.alias === undefined ? '    ' : `-${option.alias}, `
  return option.type === 'boolean' ? `${short}--${name}` : `${short}--${name} ${placeholderOf(name, option)}`
}

function placeholderOf(name: string, option: OptionData): string {
  const choices = 'choices' in option ? option.choices.join('|') : undefined
  return option.placeholder ?? choices ?? name.toUpperCase()
}

/** The description, its default and whether it may be repeated. */
export function optionText(option: OptionData): string {
  const facts = [
    ...(option.required === true ? ['required'] : []),
    ...(option.type === 'string[]' ? ['may be repeated'] : []),
    ...('default' in option && option.default !== false ? [`default: ${String(option.default)}`] : []),
  ]
  return facts.length === 0 ? option.description : `${option.description} (${facts.join('; ')})`
}

function heading(text: string, style: HelpStyle): string {
  return style.paint('bold', text)
}

function row(left: string, right: string, column: number, style: HelpStyle): string[] {
  const indent = 2 + column + 2
  const texts = wrap(right, Math.max(24, style.width - indent))
  const isTooWide = displayWidth(left) > column
  const first = isTooWide ? [`  ${left}`] : []
  return [
    ...first,
    ...texts.map((text, index) => `  ${(index === 0 && !isTooWide ? left : '').padEnd(column)}  ${text}`),
  ]
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`
}
