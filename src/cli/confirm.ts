import { createInterface } from 'node:readline/promises'
import { AzlVmError } from '../errors.ts'
import type { Progress } from './progress.ts'
import { usageError } from '../usage-error.ts'

interface Asking {
  readonly stdin: NodeJS.ReadableStream
  readonly stderr: NodeJS.WritableStream
  readonly isInteractive: boolean
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Asks a yes-or-no question; only `y` and `yes` are consent. Throws where nobody can be asked. */
export async function confirmOn(asking: Asking, question: string): Promise<boolean> {
  if (!asking.isInteractive) {
    throw usageError(`this needs consent, and stdin is no terminal to ask on: ${question}`, 'say it with --yes')
  }
  asking.progress.close()
  const terminal = createInterface({ input: asking.stdin, output: asking.stderr })
  const ended = new AbortController()
  // Ctrl-D closes the input without an answer: that is no.
  terminal.once('close', () => {
    ended.abort()
  })
  try {
    const answer = await terminal.question(`${question} [y/N] `, {
      signal: AbortSignal.any([asking.signal, ended.signal]),
    })
    return /^y(?:es)?$/i.test(answer.trim())
  } catch (error) {
    if (asking.signal.aborted) throw new AzlVmError('cancelled', 'interrupted', { cause: error })
    if (ended.signal.aborted) return false
    throw error
  } finally {
    terminal.close()
  }
}
