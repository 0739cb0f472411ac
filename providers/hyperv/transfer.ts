/** A file's way to the host or from it: a script of ours there, and lines of JSON around the file's bytes. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import { startOnHost, type HostProcess } from './host-process.ts'
import { jsonOf } from './protocol.ts'
import type { EntryScript } from './scripts.ts'
import type { Session } from './session.ts'
import { readStreamLine } from './stream-line.ts'

/** What each of the scripts says where it fails. */
export const failedSchema = z.object({
  is: z.literal('failed'),
  error: z.object({ message: z.string(), errorId: z.string() }),
})

/** Begins the script for `work`, and ends it afterwards; `what` is being done, for who interrupts it: throws cancelled. */
export async function transfer<T>(
  { choice, context }: Session,
  entry: EntryScript,
  what: string,
  call: Call,
  work: (script: HostProcess) => Promise<T>,
): Promise<T> {
  const script = startOnHost(choice, entry, context)
  const abort = (): void => {
    script.kill()
  }
  call.signal.addEventListener('abort', abort, { once: true })
  try {
    call.signal.throwIfAborted()
    script.stderr.resume()
    return await work(script)
  } catch (error) {
    if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted: ${what}`, { cause: error })
    throw error
  } finally {
    call.signal.removeEventListener('abort', abort)
    script.stdin.end()
    script.kill()
  }
}

/** What is said of a script that gives no answer. */
export interface NoAnswer {
  /** It ended. `how`: e.g. `exit code 1`. */
  readonly cutOff: (how: string) => AzlVmError
  /** It said something else; this is how that begins. */
  readonly unclear: (said: string) => AzlVmError
}

const longestAnswer = 65_536
const shownCharacters = 200

/** The next line, as one of its answers; what follows stays in the stream. */
export async function readAnswer<T>(script: HostProcess, schema: z.ZodType<T>, no: NoAnswer): Promise<T> {
  const line = await readStreamLine(script.stdout, longestAnswer)
  if (line === undefined) {
    const { how, error } = await script.ended
    throw error ?? no.cutOff(how)
  }
  const answer = schema.safeParse(jsonOf(line))
  if (answer.success) return answer.data
  throw no.unclear(line.slice(0, shownCharacters))
}
