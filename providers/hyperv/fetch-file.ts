/** A file of a host behind ssh, brought to this computer: `send-file.ps1` gives its bytes, and their digest after them. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import { startOnHost, type HostProcess } from './host-process.ts'
import { asciiJson } from './protocol.ts'
import type { Session } from './session.ts'
import { readStreamBytes, readStreamLine } from './stream-line.ts'

const answerSchema = z.discriminatedUnion('is', [
  z.object({ is: z.literal('coming'), sizeBytes: z.number() }),
  z.object({ is: z.literal('sent'), sha256: z.string() }),
  z.object({ is: z.literal('failed'), error: z.object({ message: z.string(), errorId: z.string() }) }),
])
type Answer = z.output<typeof answerSchema>

const longestAnswer = 65_536

/**
 * Writes the host's file `from` to `to`, which must not be there; tells how far it came in bytes. What was written by the
 * time of a failure stays, for the caller to remove. Throws cancelled, no-space, and backend-failed where less came or other bytes.
 */
export async function fetchFile(session: Session, from: string, to: string, call: Call): Promise<void> {
  const { choice, context } = session
  const sender = startOnHost(choice, 'send-file', context)
  const abort = (): void => {
    sender.kill()
  }
  call.signal.addEventListener('abort', abort, { once: true })
  try {
    call.signal.throwIfAborted()
    sender.stderr.resume()
    sender.stdin.write(`${asciiJson({ path: from })}\n`)
    const first = await answerOf(sender, from, 'coming')
    const digest = await writeBytes(sender, to, first.sizeBytes, call)
    const last = await answerOf(sender, from, 'sent')
    if (last.sha256 !== digest)
      throw new AzlVmError('backend-failed', `${from} at ${choice.host} changed on the way`, { hint: runAgain })
  } catch (error) {
    if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted: fetch ${from}`, { cause: error })
    throw error
  } finally {
    call.signal.removeEventListener('abort', abort)
    sender.stdin.end()
    sender.kill()
  }
}

const runAgain = 'Run the command again: what came in part is not kept.'

/** Resolves with their SHA-256, hex digits. */
async function writeBytes(sender: HostProcess, to: string, sizeBytes: number, call: Call): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  const counted = async function* (): AsyncIterable<Buffer> {
    for await (const bytes of readStreamBytes(sender.stdout, sizeBytes)) {
      hash.update(bytes)
      done += bytes.length
      call.progress(done, sizeBytes)
      yield bytes
    }
  }
  try {
    await pipeline(counted, createWriteStream(to, { flags: 'wx' }))
  } catch (error) {
    const code = error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? 'no-space' : 'backend-failed'
    throw new AzlVmError(code, `cannot write ${to}: ${errorText(error)}`, { cause: error })
  }
  return hash.digest('hex')
}

async function answerOf<K extends Answer['is']>(
  sender: HostProcess,
  file: string,
  wanted: K,
): Promise<Extract<Answer, { is: K }>> {
  const line = await readStreamLine(sender.stdout, longestAnswer)
  if (line === undefined) {
    const { how, error } = await sender.ended
    throw error ?? new AzlVmError('backend-failed', `${file} was cut off on the way (${how})`, { hint: runAgain })
  }
  const answer = parsed(line)
  if (answer?.is === 'failed')
    throw new AzlVmError('backend-failed', `${file} cannot be read there: ${answer.error.message}`, {
      evidence: [answer.error.errorId],
    })
  if (answer?.is !== wanted) throw new AzlVmError('bad-reply', `the sender of ${file} said: ${line.slice(0, 200)}`)
  return answer as Extract<Answer, { is: K }>
}

function parsed(line: string): Answer | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
