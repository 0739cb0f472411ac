/** A file of a host behind ssh, brought to this computer: `send-file.ps1` gives its bytes, and their digest after them. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import type { HostProcess } from './host-process.ts'
import { asciiJson } from './protocol.ts'
import type { Session } from './session.ts'
import { readStreamBytes } from './stream-line.ts'
import { failedSchema, readAnswer, transfer } from './transfer.ts'

const comingSchema = z.object({ is: z.literal('coming'), sizeBytes: z.number() })
const sentSchema = z.object({ is: z.literal('sent'), sha256: z.string() })

/**
 * Writes the host's file `from` to `to`, which must not be there; tells how far it came in bytes. What was written by the
 * time of a failure stays, for the caller to remove. Throws cancelled, no-space, and backend-failed where less came or other bytes.
 */
export async function fetchFile(session: Session, from: string, to: string, call: Call): Promise<void> {
  await transfer(session, 'send-file', `fetch ${from}`, call, async (sender) => {
    sender.stdin.write(`${asciiJson({ path: from })}\n`)
    const { sizeBytes } = await answerOf(sender, from, comingSchema)
    const digest = await writeBytes(sender, to, sizeBytes, call)
    const { sha256 } = await answerOf(sender, from, sentSchema)
    if (sha256 === digest) return
    throw new AzlVmError('backend-failed', `${from} at ${session.choice.host} changed on the way`, { hint: runAgain })
  })
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
    const code = hasCode(error, 'ENOSPC') ? 'no-space' : 'backend-failed'
    throw new AzlVmError(code, `cannot write ${to}: ${errorText(error)}`, { cause: error })
  }
  return hash.digest('hex')
}

async function answerOf<T extends { readonly is: string }>(
  sender: HostProcess,
  file: string,
  wanted: z.ZodType<T>,
): Promise<T> {
  const answer = await readAnswer(sender, z.union([wanted, failedSchema]), {
    cutOff: (how) => new AzlVmError('backend-failed', `${file} was cut off on the way (${how})`, { hint: runAgain }),
    unclear: (said) => new AzlVmError('bad-reply', `the sender of ${file} said: ${said}`),
  })
  if (!isFailed(answer)) return answer
  throw new AzlVmError('backend-failed', `${file} cannot be read there: ${answer.error.message}`, {
    evidence: [answer.error.errorId],
  })
}

function isFailed(answer: { readonly is: string }): answer is z.output<typeof failedSchema> {
  return answer.is === 'failed'
}
