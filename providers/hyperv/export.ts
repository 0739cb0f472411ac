/** A disk as a file: Hyper-V converts it, with all that it lies on, inside the machine's folder; then it is moved out, or fetched. */
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { ExportFormat, ExportRequest } from '../../src/provider/export.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { moveFile } from '../../src/store/move-file.ts'
import { fetchFile } from './fetch-file.ts'
import { exportFile, pathsOf } from './names.ts'
import { requireOwnMachine } from './own-machine.ts'
import type { Session } from './session.ts'

/** Hyper-V's format is what the name ends in; the type would else be the source's. */
const kinds = {
  vhdx: { extension: 'vhdx', type: 'Dynamic' },
  vhd: { extension: 'vhd', type: 'Dynamic' },
  'vhd-fixed': { extension: 'vhd', type: 'Fixed' },
} as const

/** Milliseconds: a disk of a terabyte on a slow one. */
const longMs = 24 * 3_600_000
const lookAgainMs = 1000
/** Hyper-V goes on with what nobody waits for any more, and holds the file. */
const heldForMs = 10_000

export async function exportDisk(
  session: Session,
  ref: MachineRef,
  { file, format, runId }: ExportRequest,
  call: Call,
): Promise<void> {
  const { extension, type } = kinds[requireFormat(format)]
  const { config } = await requireOwnMachine(session, ref, call)
  const [disk] = config.disks
  if (!disk) throw new AzlVmError('not-supported', `the machine "${ref.name}" has no disk`)
  const target = pathsOf(await session.hello(call)).join(config.path, exportFile(runId, extension))
  try {
    const asked = { action: `convert ${disk.path}`, schema: z.literal(true), timeoutMs: longMs }
    await watching(session, disk.path, target, call, () =>
      session.runAlone('convert-disk', { path: disk.path, target, type }, asked, call),
    )
    if (session.choice.via === undefined) await moveFile(target, file)
    else await fetchFile(session, target, file, call)
  } finally {
    await discard(session, target, call)
  }
}

function requireFormat(format: ExportFormat): keyof typeof kinds {
  if (format in kinds) return format as keyof typeof kinds
  throw new AzlVmError('not-supported', `Hyper-V writes no ${format}`)
}

const lengthsSchema = z.object({ lengths: z.array(z.number()) })

/** Tells how far it came by the length of the file, which grows; that of a fixed one does not. */
async function watching<T>(
  session: Session,
  from: string,
  target: string,
  call: Call,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const asked = { action: 'see how far the disk is converted', schema: lengthsSchema }
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { lengths } = await session.run('get-lengths', { path: from, target }, asked, call)
      const [done = 0, total = 0] = lengths
      if (done > 0 && done <= total) call.progress(done, total)
      await sleep(lookAgainMs, undefined, { signal: over.signal })
    }
  }
  const watched = watch().catch(() => undefined)
  try {
    return await work()
  } finally {
    over.abort()
    await watched
  }
}

/** Where Hyper-V holds it for longer, gc comes back to it. */
async function discard(session: Session, target: string, call: Call): Promise<void> {
  const until = session.context.now().getTime() + heldForMs
  for (;;) {
    try {
      await remove(session, target, call)
      return
    } catch (error) {
      if (session.context.now().getTime() >= until) {
        call.debug(`cannot delete ${target}`, error)
        return
      }
      await sleep(lookAgainMs)
    }
  }
}

/** Also after an interruption. */
async function remove(session: Session, target: string, call: Call): Promise<void> {
  if (session.choice.via === undefined) {
    await rm(target, { force: true })
    return
  }
  const asked = { action: `remove ${target}`, schema: z.boolean() }
  await session.run('remove-file', { path: target }, asked, { ...call, signal: AbortSignal.timeout(heldForMs) })
}
