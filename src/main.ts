/**
 * One run of the tool, from words to an exit code. All errors end here and nowhere else; nothing here ends the
 * process, so that what was written is flushed, and tests can call it.
 */
import { commandEntries } from './commands/index.ts'
import type { App } from './commands/app.ts'
import type { CommandEntry, CommandResult, OutputFormat } from './cli/command.ts'
import type { MainWorld } from './cli/context.ts'
import { peekOutput } from './cli/global-options.ts'
import { outputClosed } from './cli/output-closed.ts'
import { renderErrorJson, renderErrorText, reportError } from './cli/render-error.ts'
import { afterHelp, asksFor, groupAskedFor, resolveCommand } from './cli/resolve-command.ts'
import { painter, widthOf } from './cli/terminal.ts'
import { AzlVmError, exitCodes, isAzlVmError } from './errors.ts'
import { usageError } from './usage-error.ts'
import { version } from './version.ts'

export interface MainOptions extends MainWorld {
  /** Aborted by the first signal of the process. */
  readonly signal: AbortSignal
  /** Builds the application; src/compose.ts unless a test gives another. */
  readonly compose?: (world: MainWorld) => Promise<App>
  /** Commands; those of src/commands/index.ts unless a test gives others. */
  readonly entries?: readonly CommandEntry[]
}

/** Runs the words after `azl-vm` and resolves with the exit code, after all output was handed to the streams. */
export async function main(argv: readonly string[], options: MainOptions): Promise<number> {
  const run: Run = { options, output: peekOutput(argv), logFile: undefined }
  try {
    return await dispatch(argv, run)
  } catch (error) {
    return await fail(error, run)
  }
}

interface Run {
  readonly options: MainOptions
  output: OutputFormat
  logFile: string | undefined
}

async function dispatch(argv: readonly string[], run: Run): Promise<number> {
  const entries = run.options.entries ?? commandEntries
  if (asksFor(argv, '--version', '-V')) return await print(run, `${version()}\n`)
  const wantsHelp = asksFor(argv, '--help', '-h')
  const helpWords = afterHelp(argv)
  if (helpWords !== undefined) return await explain(helpWords, entries, run)
  const group = groupAskedFor(argv, entries)
  if (group.length > 0) return await print(run, await helpText(group, run, run.options.stdout))
  const resolved = resolveCommand(argv, entries)
  if (resolved === undefined) return wantsHelp ? await explain([], entries, run) : await refuseNothing(entries, run)
  if (wantsHelp) return await printCommandHelp(resolved.entry, run)
  return await runCommand(resolved.entry, resolved.rest, run)
}

/** No command at all: the help, but on stderr and with the exit code of a usage error, so that a script notices. */
async function refuseNothing(entries: readonly CommandEntry[], run: Run): Promise<number> {
  if (run.output === 'json') throw usageError('no command', "'azl-vm --help' lists the commands")
  await write(run.options.stderr, await helpText(entries, run, run.options.stderr))
  return exitCodes.usage
}

async function runCommand(entry: CommandEntry, words: readonly string[], run: Run): Promise<number> {
  const [{ command }, { parseArgs, commandContext }, build] = await Promise.all([
    entry.load(),
    import('./cli/invocation.ts'),
    composition(run),
  ])
  const parsed = parseArgs(command, entry.name, words)
  if (parsed.wantsHelp) return await printCommandHelp(entry, run)
  run.output = parsed.output
  const app = await build(run.options)
  run.logFile = app.logFile
  const ctx = commandContext(run.options, app, parsed, run.options.signal)
  try {
    // The data of the command promised these types; parseArgs is the one place that keeps the promise.
    const result = await command.handler(parsed.args as never, ctx)
    ctx.progress.close()
    return await printResult(result, run)
  } finally {
    ctx.progress.close()
    await app.close?.()
  }
}

async function composition(run: Run): Promise<(world: MainWorld) => Promise<App>> {
  return run.options.compose ?? (await import('./compose.ts')).compose
}

async function printResult(result: CommandResult, run: Run): Promise<number> {
  if (result.isWritten !== true) {
    const text = run.output === 'json' ? JSON.stringify(result.data ?? null, undefined, 2) : result.text()
    await write(run.options.stdout, text === '' || text.endsWith('\n') ? text : `${text}\n`)
  }
  return result.exitCode ?? exitCodes.ok
}

async function explain(words: readonly string[], entries: readonly CommandEntry[], run: Run): Promise<number> {
  const group = groupAskedFor([...words, '--help'], entries)
  if (group.length > 0) return await print(run, await helpText(group, run, run.options.stdout))
  const resolved = resolveCommand(words, entries)
  if (resolved !== undefined) return await printCommandHelp(resolved.entry, run)
  return await print(run, await helpText(entries, run, run.options.stdout))
}

async function helpText(entries: readonly CommandEntry[], run: Run, stream: NodeJS.WritableStream): Promise<string> {
  const { renderHelp } = await import('./cli/help.ts')
  return renderHelp(entries, styleFor(stream, run))
}

async function printCommandHelp(entry: CommandEntry, run: Run): Promise<number> {
  const [{ command }, { renderCommandHelp }] = await Promise.all([entry.load(), import('./cli/help.ts')])
  return await print(run, renderCommandHelp(entry, command, styleFor(run.options.stdout, run)))
}

function styleFor(stream: NodeJS.WritableStream, run: Run) {
  // Lines that are longer than a hundred columns are hard to read, however wide the terminal is.
  return { paint: painter(stream, run.options.env), width: Math.min(widthOf(stream), 100) }
}

async function print(run: Run, text: string): Promise<number> {
  await write(run.options.stdout, text)
  return exitCodes.ok
}

async function fail(error: unknown, run: Run): Promise<number> {
  const { options, output } = run
  const isInterrupted = options.signal.aborted && (isAbortError(error) || isAzlVmError(error, 'cancelled'))
  if (isInterrupted && options.signal.reason === outputClosed) return exitCodes.ok
  // A bare AbortError that we asked for says nothing that a person needs; one that we did not ask for is a bug.
  const known = isInterrupted && isAbortError(error) ? new AzlVmError('cancelled', 'interrupted') : error
  const report = reportError(known, run.logFile)
  if (output === 'json') await write(options.stdout, renderErrorJson(report))
  else await write(options.stderr, renderErrorText(report, painter(options.stderr, options.env)))
  return report.exitCode
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** Resolves when the stream took the text; a reader that went away is no error of ours. */
async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (text === '') return
  await new Promise<void>((resolve) => {
    stream.write(text, () => {
      resolve()
    })
  })
}
