/**
 * Media where Hyper-V's service reads them: on its own host, and on a disk there that is everybody's. What lies
 * elsewhere is copied once, by digest, into the home of the user on that host; the user's own file stays as it is.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Medium } from '../../src/provider/machine.ts'
import type { HostProcess } from './host-process.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { failedSchema, readAnswer, transfer } from './transfer.ts'

/** Where the copy of a medium lies on the host, whether it is there or not. `home` is the user's folder there. */
export function mediaFile(host: { readonly separator: '\\' | '/'; readonly home: string }, sha256: string): string {
  return pathsOf(host).join(host.home, '.azl-vm', 'media', `${sha256}.iso`)
}

/** Where Hyper-V can read the medium; it is copied there first where it has to be. */
export async function mediumOnHost(session: Session, medium: Medium, call: Call): Promise<string> {
  if (session.choice.via === undefined) {
    const why = await whyNotReadable(session, medium.path, call)
    if (why === undefined) return medium.path
    call.debug(`${medium.path} is copied: ${why}`)
  }
  const { sharedLock } = session.context
  return await sharedLock(`media of hyperv ${session.choice.host}`, call, () => sendMedium(session, medium, call))
}

/** Takes away the copies that no machine uses any more; returns them. */
export async function removeUnusedMedia(session: Session, call: Call): Promise<readonly string[]> {
  const asked = { action: 'remove copies of media', schema: z.object({ removed: z.array(z.string()) }) }
  const { sharedLock } = session.context
  return await sharedLock(`media of hyperv ${session.choice.host}`, call, async () => {
    const { removed } = await session.run('remove-unused-media', {}, asked, call)
    return removed.map((file) => `copy of a medium ${file}`)
  })
}

/** Why Hyper-V's service, which is another account, would not find a file of this computer; undefined where it does. */
export async function whyNotReadable(session: Session, path: string, call: Call): Promise<string | undefined> {
  const asked = { action: `see where ${path} lies`, schema: z.object({ why: z.string() }) }
  const { why } = await session.run('get-file-place', { path }, asked, call)
  return why === '' ? undefined : why
}

const answerSchema = z.discriminatedUnion('is', [
  z.object({ is: z.enum(['there', 'wanted', 'received', 'different']), path: z.string() }),
  z.object({ is: z.literal('no-space'), path: z.string(), freeBytes: z.number() }),
  failedSchema,
])
type Answer = z.output<typeof answerSchema>

async function sendMedium(session: Session, medium: Medium, call: Call): Promise<string> {
  const { host } = session.choice
  return await transfer(session, 'receive-file', `copy ${medium.path} to the host`, call, async (receiver) => {
    receiver.stdin.write(`${JSON.stringify({ sha256: medium.sha256, sizeBytes: medium.sizeBytes })}\n`)
    const first = await answerOf(receiver, host)
    if (first.is !== 'wanted') return pathOf(first, medium, host)
    call.debug(`copy ${medium.path} to ${first.path}`, { host, sizeBytes: medium.sizeBytes })
    await sendBytes(receiver, medium, call)
    return pathOf(await answerOf(receiver, host), medium, host)
  })
}

async function sendBytes(receiver: HostProcess, medium: Medium, call: Call): Promise<void> {
  let done = 0
  const file = createReadStream(medium.path, { highWaterMark: 1024 * 1024 })
  const counted = async function* (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const bytes of source) {
      yield bytes
      done += bytes.length
      call.progress(done, medium.sizeBytes)
    }
  }
  // A receiver that takes no more tells why itself, and its end closes the file too; what fails in the file is told here.
  await pipeline(file, counted, receiver.stdin, { end: false }).catch((error: unknown) => {
    if (file.errored && isOfFile(file.errored))
      throw new AzlVmError('medium-unreadable', `cannot read ${medium.path}: ${errorText(error)}`, { cause: error })
  })
}

/** Told by the file system, not by the stream's other end. */
function isOfFile(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'open' || error.syscall === 'read')
}

async function answerOf(receiver: HostProcess, host: string): Promise<Answer> {
  const cutOff = (how: string): AzlVmError =>
    new AzlVmError('backend-failed', `the copy of the medium to ${host} was cut off (${how})`, {
      hint: 'Run the command again: what was copied in part is not used.',
    })
  return await readAnswer(receiver, answerSchema, { cutOff, unclear: (said) => cutOff(`it said ${said}`) })
}

function pathOf(answer: Answer, medium: Medium, host: string): string {
  switch (answer.is) {
    case 'there':
    case 'received':
      return answer.path
    case 'no-space':
      throw new AzlVmError(
        'no-space',
        `${answer.path} at ${host} has ${mebi(answer.freeBytes)} free, and the medium needs ${mebi(medium.sizeBytes)}`,
        { hint: 'Free some space there. `azl-vm gc` takes copies of media that no machine uses.' },
      )
    case 'different':
      throw new AzlVmError(
        'medium-changed',
        `${medium.path} is not what it was when it was hashed, or changed on the way`,
        {
          hint: 'See that nothing writes to it, and run the command again.',
        },
      )
    case 'failed':
      throw new AzlVmError('backend-failed', `the medium could not be copied to ${host}: ${answer.error.message}`, {
        evidence: [answer.error.errorId],
      })
    default:
      throw new AzlVmError('bad-reply', `the receiver of the medium at ${host} asked twice for it`)
  }
}

function mebi(bytes: number): string {
  return `${String(Math.ceil(bytes / 1024 ** 2))} MiB`
}
