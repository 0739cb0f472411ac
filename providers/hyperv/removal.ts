/** Taking machines away: their files first, as far as nobody holds them, then the machine, which carries the mark. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, Kept, RemovalReport } from '../../src/provider/contract.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { dependentsOf } from './chains.ts'
import { findBrief } from './machines.ts'
import { isMarkOf } from './mark-notes.ts'
import { allFilesPattern, ownFilePattern, pathsOf, runIdOfName, runIdOfSwitch } from './names.ts'
import { leaveNetworks } from './networks.ts'
import type { Session } from './session.ts'
import { sweepCheckpoints } from './snapshots.ts'
import { turnOff } from './stop.ts'
import { removeSwitch, switchNames } from './switches.ts'

export async function destroyMachine(session: Session, ref: MachineRef, call: Call): Promise<RemovalReport> {
  const machine = await findBrief(session, ref, call)
  if (!machine) return { removed: [], kept: [] }
  const { vmId, mark, config } = machine
  requireNoDependents(ref, await dependentsOf(session, ref, call))
  await turnOff(session, { name: ref.name, vmId }, call)
  // A copy by hand carries the original's mark: the files and switches that it names are not the copy's.
  const runId = mark && isMarkOf(mark, vmId) ? mark.runId : undefined
  const removed = runId === undefined ? [] : await removeSwitches(session, runId, call)
  const shared = await leaveNetworks(session, vmId, call)
  removed.push(...shared.removed)
  const folder = runId === undefined ? undefined : await ownFolder(session, config.path, runId, call)
  const files = folder === undefined ? [] : (await removeFiles(session, folder, ownFilePattern, call)).removed
  await removeMachine(session, vmId, ref.name, call)
  session.vmIds.delete(ref.id)
  removed.push(...files, `machine ${ref.name}`)
  if (folder === undefined) return { removed, kept: shared.kept }
  const rest = await removeFolder(session, folder, call)
  if (mark?.cloneOf) await sweepCheckpoints(session, mark.cloneOf.machineId, mark.runId, call)
  return { removed: [...removed, ...rest.removed], kept: [...shared.kept, ...rest.kept] }
}

/** The folder of a run's machine, where it is one of ours; an admin may have moved the machine's files elsewhere. */
async function ownFolder(session: Session, path: string, runId: string, call: Call): Promise<string | undefined> {
  const name = pathsOf(await session.hello(call)).basename(path)
  return runIdOfName(name) === runId ? path : undefined
}

/** False where it was gone already. */
export async function removeMachine(session: Session, vmId: string, name: string, call: Call): Promise<boolean> {
  return await session.run('remove-vm', { id: vmId }, { action: `remove ${name}`, schema: z.boolean() }, call)
}

/** The switches that a run made for its machine. */
export async function removeSwitches(session: Session, runId: string, call: Call): Promise<string[]> {
  const removed: string[] = []
  for (const name of await switchNames(session, call))
    if (runIdOfSwitch(name) === runId && (await removeSwitch(session, name, call))) removed.push(`switch ${name}`)
  return removed
}

const filesSchema = z.object({
  removed: z.array(z.string()),
  held: z.array(z.object({ path: z.string(), why: z.string() })),
  /** Files that are not ours. */
  others: z.array(z.string()),
  isGone: z.boolean(),
})

async function removeFiles(
  session: Session,
  folder: string,
  pattern: string,
  call: Call,
  isWhole = false,
): Promise<z.output<typeof filesSchema>> {
  const asked = { action: `delete files in ${folder}`, schema: filesSchema }
  return await session.run('remove-files', { folder, pattern, isWhole }, asked, call)
}

/** Hyper-V merges checkpoints after it removed a machine, and holds their files meanwhile (minikube#6776, vagrant#10406). */
const heldForMs = 60_000
const lookAgainMs = 250

/** Deletes the folder of a machine that is gone. Files of others stay, and so does the folder then. */
export async function removeFolder(session: Session, folder: string, call: Call): Promise<RemovalReport> {
  const removed: string[] = []
  const until = session.context.now().getTime() + heldForMs
  for (;;) {
    const report = await removeFiles(session, folder, allFilesPattern, call, true)
    removed.push(...report.removed)
    if (report.isGone) return { removed: [...removed, folder], kept: [] }
    if (report.held.length > 0 && session.context.now().getTime() < until) {
      await pause(call)
      continue
    }
    const held = report.held.map(({ path, why }): Kept => ({ what: path, why: why.trim(), isOurs: true }))
    const others = report.others.map((what): Kept => ({ what, why: 'azl-vm did not make it', isOurs: false }))
    return { removed, kept: [...held, ...others] }
  }
}

async function pause({ signal }: Call): Promise<void> {
  await sleep(lookAgainMs, undefined, { signal }).catch((cause: unknown) => {
    throw new AzlVmError('cancelled', 'interrupted while Hyper-V held files of the machine', { cause })
  })
}
