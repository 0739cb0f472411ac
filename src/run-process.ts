/** Binds main to the real process. */
import { exitCodes } from './errors.ts'
import { main } from './main.ts'
import { outputClosed } from './cli/output-closed.ts'
import { renderErrorText, reportError } from './cli/render-error.ts'

/**
 * Runs the tool in `node`. The first signal aborts the command, which then ends by itself and cleans up;
 * the second one ends the process at once.
 */
export async function runProcess(node: NodeJS.Process): Promise<void> {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) node.exit(exitCodes.interrupted)
    node.stderr.write('\ninterrupted: ending in good order; once more to end at once\n')
    stop.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) node.on(name, onSignal)
  node.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    stop.abort(outputClosed)
  })
  // Nobody reads the story: nobody misses it.
  node.stderr.on('error', () => undefined)
  node.on('uncaughtException', (error) => {
    node.stderr.write(renderErrorText(reportError(error), (_style, text) => text))
    node.exit(exitCodes.bug)
  })
  node.exitCode = await main(node.argv.slice(2), {
    env: node.env,
    cwd: node.cwd(),
    stdin: node.stdin,
    stdout: node.stdout,
    stderr: node.stderr,
    now: () => new Date(),
    signal: stop.signal,
  })
}
