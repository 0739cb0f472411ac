/**
 * What a command is: data (its arguments, options, examples) and one handler.
 *
 * The list in src/commands/index.ts holds what `--help` prints; the file of a verb, with all that it imports,
 * is loaded only when that verb is run or explained.
 */
import type { App } from '../commands/app.ts'
import type { Progress } from './progress.ts'

export type OutputFormat = 'text' | 'json'

export const commandGroups = ['Begin', 'Machines', 'Reach', 'Evidence', 'Host', 'Help'] as const
export type CommandGroup = (typeof commandGroups)[number]

/** A positional argument. `variadic` takes all that follow and must be the last. */
export interface PositionalData {
  readonly name: string
  readonly description: string
  /** False or absent: the argument may be left out. */
  readonly required?: boolean
  readonly variadic?: boolean
  readonly choices?: readonly string[]
  /** What a shell offers here beside the choices; with `machine` also files, for a spec names one too. */
  readonly completes?: 'machine' | 'file'
}

interface OptionBase {
  readonly description: string
  /** One letter: `alias: 'f'` is `-f`. */
  readonly alias?: string
  readonly required?: boolean
  /** What the help calls the value: `--out FILE`. */
  readonly placeholder?: string
  /** Works, but is not in the help: for entries that only azl-vm itself calls. */
  readonly hidden?: boolean
}

export interface StringOption extends OptionBase {
  readonly type: 'string'
  readonly choices?: readonly string[]
  readonly default?: string
}

export interface BooleanOption extends OptionBase {
  readonly type: 'boolean'
  readonly default?: boolean
}

export interface NumberOption extends OptionBase {
  readonly type: 'number'
  readonly default?: number
}

/** An option that may be given many times. */
export interface StringListOption extends OptionBase {
  readonly type: 'string[]'
  readonly choices?: readonly string[]
}

export type OptionData = StringOption | BooleanOption | NumberOption | StringListOption

type Choice<O, Otherwise> = O extends { readonly choices: readonly (infer C)[] } ? C : Otherwise

type Present<O, Value> = O extends { readonly default: string | number | boolean } | { readonly required: true }
  ? Value
  : Value | undefined

type OptionValue<O extends OptionData> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly type: 'number' }
    ? Present<O, number>
    : O extends { readonly type: 'string[]' }
      ? readonly Choice<O, string>[]
      : Present<O, Choice<O, string>>

type PositionalValue<P extends PositionalData> = P extends { readonly variadic: true }
  ? readonly Choice<P, string>[]
  : P extends { readonly required: true }
    ? Choice<P, string>
    : Choice<P, string> | undefined

/** The arguments that the data of a command gives its handler. A boolean option is false where it is absent. */
export type CommandArgs<P extends readonly PositionalData[], O extends Readonly<Record<string, OptionData>>> = {
  readonly [Item in P[number] as Item['name']]: PositionalValue<Item>
} & {
  readonly [Key in keyof O]: OptionValue<O[Key]>
}

export interface CommandExample {
  readonly command: string
  readonly text: string
}

/** What a handler hands back; `main` prints it. */
export interface CommandResult {
  /** What `--output json` prints, as one JSON document on stdout. */
  readonly data: unknown
  /** What a person reads on stdout. Printed as it is, with a line end added where one is missing; may be empty. */
  text(): string
  /** Default: 0. */
  readonly exitCode?: number
  /** True where the handler wrote to stdout itself (a console, a command's output, a followed log). */
  readonly isWritten?: boolean
}

/** All that a handler gets; it imports no globals of the process. */
export interface CommandContext {
  readonly app: App
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  /** stdin and stderr are both terminals. */
  readonly isInteractive: boolean
  readonly output: OutputFormat
  readonly isVerbose: boolean
  readonly isQuiet: boolean
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Columns of the terminal on stdout; without end where stdout is none. */
  readonly width: number
  /** The story, on stderr. */
  readonly progress: Progress
  /**
   * Asks yes or no on stderr. Where stdin is no terminal nothing is asked: it throws a usage error that names `--yes`.
   * The handler looks at its own `--yes` first.
   */
  confirm(question: string): Promise<boolean>
  now(): Date
}

/** The file of a verb exports one of these, made with {@link defineCommand}. */
export interface CommandDefinition<
  P extends readonly PositionalData[] = readonly PositionalData[],
  O extends Readonly<Record<string, OptionData>> = Readonly<Record<string, OptionData>>,
> {
  /** More than the summary, for `help COMMAND`. Paragraphs are separated by an empty line. */
  readonly description?: string
  readonly positionals: P
  readonly options: O
  readonly examples: readonly CommandExample[]
  /** All after the first positional is left as it is (`exec NAME ls -l`), also without `--`. */
  readonly passesRestOn?: boolean
  handler(args: CommandArgs<P, O>, ctx: CommandContext): Promise<CommandResult>
}

/** A command as the framework sees it, its argument types forgotten. */
export interface AnyCommand extends Omit<CommandDefinition, 'handler'> {
  handler(args: never, ctx: CommandContext): Promise<CommandResult>
}

/** The line of a command in src/commands/index.ts. */
export interface CommandEntry {
  /** One word, or two: `snapshot create`. */
  readonly name: string
  readonly aliases?: readonly string[]
  readonly group: CommandGroup
  readonly summary: string
  /** Not in the help: for entries that only azl-vm itself calls. */
  readonly hidden?: boolean
  /** Other words that mean this, for did-you-mean only (`create` for `up`). */
  readonly alsoCalled?: readonly string[]
  readonly load: () => Promise<{ readonly command: AnyCommand }>
}

/** Gives the handler of a command the argument types that its data says. */
export function defineCommand<
  const P extends readonly PositionalData[],
  const O extends Readonly<Record<string, OptionData>>,
>(definition: CommandDefinition<P, O>): CommandDefinition<P, O> {
  return definition
}
