/**
 * Taking machines away. VirtualBox's own --delete takes whatever disk is attached, also one that is somebody else's: it is
 * never used. The machine is unregistered, which lets go of all media, and then its files go, as far as they are ours.
 */
import { readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { isAzlVmError } from '../../src/errors.ts'
import type { Call, Kept, RemovalReport } from '../../src/provider/contract.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import { dependentsOf, isBelow } from './chains.ts'
import { disksOf } from './info.ts'
import { findMachine, isOwn, type FoundMachine } from './machines.ts'
import { ownFiles, runIdOfGroup } from './names.ts'
import type { Session } from './session.ts'
import { sweepSnapshots } from './snapshots.ts'
import { turnOff } from './stop.ts'

export async function destroyMachine(session: Session, ref: MachineRef, call: Call): Promise<RemovalReport> {
  const machine = await findMachine(session, ref, call)
  if (!machine) return { removed: [], kept: [] }
  requireNoDependents(ref, await dependentsOf(session, machine, call))
  await turnOff(session, ref, call)
  const report = await removeMachine(session, machine, call)
  const { mark } = machine
  if (mark?.cloneOf && isOwn(machine)) await sweepSnapshots(session, mark.cloneOf.machineId, mark.runId, call)
  return report
}

/** Of one that is off. Only the folder of a run is ours to remove; of a copy by hand nothing but the machine goes. */
export async function removeMachine(session: Session, machine: FoundMachine, call: Call): Promise<RemovalReport> {
  const { ref, folder, settings } = machine
  const runId = settings.groups.map(runIdOfGroup).find((each) => each !== undefined)
  const isInRunFolder = runId !== undefined && path.basename(path.dirname(folder)) === runId
  try {
    await session.manage(['unregistervm', ref.id], { action: `remove ${ref.name}` }, call)
  } catch (error) {
    if (!isAzlVmError(error, 'machine-not-found')) throw error
  }
  const removed = [`machine ${ref.name}`]
  if (!isInRunFolder || (machine.mark && !isOwn(machine))) return { removed, kept: [] }
  const rest = await removeRunFolder(path.dirname(folder), disksElsewhere(machine))
  return { removed: [...removed, ...rest.removed], kept: rest.kept }
}

/** Disks that are attached and lie elsewhere: they stay, and that is told. */
function disksElsewhere(machine: FoundMachine): readonly string[] {
  return disksOf(machine).flatMap(({ file }) => (file === '' || isBelow(file, machine.folder) ? [] : [file]))
}

/** Deletes the folder of a run. Files that azl-vm and VirtualBox did not make stay, and so do the folders above them. */
export async function removeRunFolder(folder: string, others: readonly string[] = []): Promise<RemovalReport> {
  const removed: string[] = []
  const kept: Kept[] = others.map((what) => ({ what, why: 'azl-vm did not make it', isOurs: false }))
  for (const machine of await entriesOf(folder)) {
    const machineFolder = path.join(folder, machine.name)
    if (!machine.isDirectory()) {
      kept.push({ what: machineFolder, why: 'azl-vm did not make it', isOurs: false })
      continue
    }
    for (const name of await filesBelow(machineFolder)) {
      const file = path.join(machineFolder, name)
      if (ownFiles.some((pattern) => pattern.test(name.replaceAll(path.sep, '/')))) {
        await rm(file, { force: true })
        removed.push(file)
      } else kept.push({ what: file, why: 'azl-vm did not make it', isOurs: false })
    }
    for (const name of ['Snapshots', 'Logs', '.']) await removeEmpty(path.join(machineFolder, name))
  }
  if (await removeEmpty(folder)) removed.push(folder)
  // VirtualBox’s folder for all groups of ours; the next machine has it made anew.
  await removeEmpty(path.dirname(folder))
  return { removed, kept }
}

async function entriesOf(folder: string) {
  return await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && hasCode(error, 'ENOENT')) return []
    throw error
  })
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted()
}

/** False where somebody keeps something in it, or it is not there. */
async function removeEmpty(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR')) return false
      throw error
    },
  )
}
