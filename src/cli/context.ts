/** Makes what a handler gets, from the streams and the environment that main was given. */
import type { App } from '../commands/app.ts'
import type { CommandContext } from './command.ts'
import { confirmOn } from './confirm.ts'
import type { ParsedArgs } from './parse-args.ts'
import { isTerminal, painter, widthOf } from './terminal.ts'
import { textProgress, type TextProgressOptions } from './text-progress.ts'

/** The outside world of one run of the tool. */
export interface MainWorld {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly now: () => Date
}

/** The context for one command. */
export function commandContext(world: MainWorld, app: App, parsed: ParsedArgs, signal: AbortSignal): CommandContext {
  const { stdin, stdout, stderr } = world
  const isInteractive = isTerminal(stdin) && isTerminal(stderr)
  const progress = textProgress({
    write: (text) => void stderr.write(text),
    paint: painter(stderr, world.env),
    nowMs: () => world.now().getTime(),
    mode: progressMode(world, parsed),
    isVerbose: parsed.isVerbose,
    width: () => widthOf(stderr),
    every: (intervalMs, tick) => {
      const timer = setInterval(tick, intervalMs)
      timer.unref()
      return () => {
        clearInterval(timer)
      }
    },
  })
  return {
    app,
    env: world.env,
    cwd: world.cwd,
    signal,
    isInteractive,
    output: parsed.output,
    isVerbose: parsed.isVerbose,
    isQuiet: parsed.isQuiet,
    stdin,
    stdout,
    stderr,
    // What goes to a file or a pipe is not cut.
    width: isTerminal(stdout) ? widthOf(stdout) : Number.POSITIVE_INFINITY,
    progress,
    confirm: (question) => confirmOn({ stdin, stderr, isInteractive, signal, progress }, question),
    now: world.now,
  }
}

function progressMode(world: MainWorld, parsed: ParsedArgs): TextProgressOptions['mode'] {
  if (parsed.isQuiet) return 'quiet'
  if (parsed.output === 'json' && !parsed.isVerbose) return 'silent'
  return isTerminal(world.stderr) && world.env['TERM'] !== 'dumb' && !parsed.isVerbose ? 'live' : 'plain'
}
