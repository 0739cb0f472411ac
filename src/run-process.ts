/** Binds main to the real process. */
import { AzlVmError, exitCodes } from './errors.ts'
import { main, type MainOptions } from './main.ts'
import { outputClosed } from './cli/output-closed.ts'
import { renderErrorText, reportError } from './cli/render-error.ts'
import { painter } from './cli/terminal.ts'

/**
 * Runs the tool in `node`. The first signal aborts the command, which then ends by itself and cleans up;
 * the second one ends the process at once. `parts`: what a test puts in the place of the tool's own.
 */
export async function runProcess(node: NodeJS.Process, parts: Pick<MainOptions, 'entries'> = {}): Promise<void> {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) node.exit(exitCodes.interrupted)
    node.stderr.write('\ninterrupted: ending in good order; once more to end at once\n')
    stop.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) node.on(name, onSignal)
  let outputError: Error | undefined
  node.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') outputError ??= error
    stop.abort(error.code === 'EPIPE' ? outputClosed : error)
  })
  // Nobody reads the story: nobody misses it.
  node.stderr.on('error', () => undefined)
  node.on('uncaughtException', (error) => {
    node.exit(complain(error))
  })
  const exitCode = await main(node.argv.slice(2), {
    env: node.env,
    cwd: node.cwd(),
    stdin: node.stdin,
    stdout: node.stdout,
    stderr: node.stderr,
    now: () => new Date(),
    signal: stop.signal,
    ...parts,
  })
  // The stream tells a full disk only after main handed its text over.
  await new Promise(setImmediate)
  node.exitCode =
    outputError === undefined
      ? exitCode
      : complain(new AzlVmError('state-not-writable', 'stdout cannot be written', { cause: outputError }))

  function complain(error: unknown): number {
    const report = reportError(error)
    node.stderr.write(renderErrorText(report, painter(node.stderr, node.env)))
    return report.exitCode
  }
}
