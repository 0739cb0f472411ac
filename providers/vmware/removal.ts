/** Taking machines away: their files first, then the .vmx, which carries the mark, then the folder. */
import { readdir, rm, rmdir } from 'node:fs/promises'
import type { Call, Kept, RemovalReport } from '../../src/provider/contract.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { errorText } from '../../src/errors.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import { chainOf, dependentsOf } from './chains.ts'
import { isOffState, stateOf } from './machine-state.ts'
import { findMachine, isOwn, type OwnMachine } from './machines.ts'
import { disksInMark } from './mark-line.ts'
import { isLayerName, isOwnFile, isSamePath, pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { sweepSnapshots } from './snapshots.ts'
import { turnOff } from './stop.ts'

export async function destroyMachine(session: Session, ref: MachineRef, call: Call): Promise<RemovalReport> {
  const machine = await findMachine(session, ref, call)
  if (!machine) return { removed: [], kept: [] }
  requireNoDependents(ref, await dependentsOf(session, ref, call))
  if (!isOffState((await stateOf(session, machine, call)).state)) await turnOff(session, machine, call)
  // A copy's files are the affair of who made it.
  if (!isOwn(session, machine)) {
    const why = 'it carries the mark of another machine: somebody copied it'
    return { removed: [], kept: [{ what: machine.folder, why, isOurs: false }] }
  }
  const report = await removeFolder(session, machine.folder, ref.name, await ownDisks(session, machine))
  // Found by its mark, it can be destroyed again.
  if (report.kept.some(({ isOurs }) => isOurs)) return report
  const serial = machine.vmx.get('serial0.fileName')
  if (serial !== undefined && session.platform !== 'win32') await rm(serial, { force: true })
  session.vmxFiles.delete(ref.id)
  const { cloneOf } = machine.mark
  if (cloneOf) await sweepSnapshots(session, cloneOf.machineId, call)
  return { removed: [...report.removed, `machine ${ref.name}`], kept: report.kept }
}

/** Names of the disks that were made for the machine, and of those that snapshots lay over them. */
async function ownDisks({ platform }: Session, { folder, mark }: OwnMachine): Promise<readonly string[]> {
  const paths = pathsOf(platform)
  const made = disksInMark(mark)
  const isMade = (file: string): boolean => made.some((name) => isSamePath(paths.join(folder, name), file, platform))
  const judged = await Promise.all(
    (await filesIn(folder)).map(async (name) => {
      if (isMade(paths.join(folder, name))) return [name]
      // The name alone says little: somebody's own disk may be called so, and lie on none of these.
      if (!made.some((disk) => isLayerName(name, disk))) return []
      return (await chainOf(paths.join(folder, name))).chain.some(isMade) ? [name] : []
    }),
  )
  return judged.flat()
}

/** Deletes what azl-vm and VMware made for a machine of that name, and these disks. Files of others stay, and so does the folder then. */
export async function removeFolder(
  session: Session,
  folder: string,
  name: string,
  disks: readonly string[],
): Promise<RemovalReport> {
  const paths = pathsOf(session.platform)
  const files = await filesIn(folder)
  const isAnchor = (file: string): boolean => /\.vmx$/i.test(file)
  const ours = files.filter((file) => isOwnFile(file, name) || disks.includes(file))
  const removed: string[] = []
  const kept: Kept[] = files
    .filter((file) => !ours.includes(file))
    .map((file) => ({ what: paths.join(folder, file), why: 'azl-vm did not make it', isOurs: false }))
  // The .vmx last, and only when all else is gone: until then the machine is found by its mark.
  for (const file of ours.toSorted((a, b) => Number(isAnchor(a)) - Number(isAnchor(b)))) {
    if (isAnchor(file) && kept.some(({ isOurs }) => isOurs)) break
    const path = paths.join(folder, file)
    try {
      await rm(path, { recursive: true, force: true })
      removed.push(path)
    } catch (error) {
      kept.push({ what: path, why: errorText(error), isOurs: true })
    }
  }
  try {
    await rmdir(folder)
    removed.push(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error
  }
  return { removed, kept }
}

/** Names in a folder; none where it is not there. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}
