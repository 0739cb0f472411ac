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
import { dependentsAmong, disksBelow } from './chains.ts'
import { allMachines, findMachine, isOwn, type FoundMachine } from './machines.ts'
import { runIdOfExport, runIdOfFile, runIdOfGroup } from './names.ts'
import { isImage, sortRunFolder } from './own-files.ts'
import type { Session } from './session.ts'
import { sweepSnapshots } from './snapshots.ts'
import { turnOff } from './stop.ts'

export async function destroyMachine(session: Session, ref: MachineRef, call: Call): Promise<RemovalReport> {
  const machine = await findMachine(session, ref, call)
  if (!machine) return { removed: [], kept: [] }
  const all = await allMachines(session, call)
  requireNoDependents(ref, dependentsAmong(machine, all))
  await turnOff(session, ref, call)
  const report = await removeMachine(session, machine, all, call)
  const { mark } = machine
  if (mark?.cloneOf && isOwn(machine)) await sweepSnapshots(session, mark.cloneOf.machineId, mark.runId, call)
  return report
}

/** Of one that is off. Only the folder of a run is ours to remove; of a copy by hand nothing but the machine goes. */
export async function removeMachine(
  session: Session,
  machine: FoundMachine,
  all: readonly FoundMachine[],
  call: Call,
): Promise<RemovalReport> {
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
  const others = all.filter((other) => other.ref.id !== ref.id).map((other) => path.normalize(other.folder))
  const disks = disksBelow(machine, all)
  const { own } = await sortRunFolder(path.dirname(folder), others)
  // A run was killed before it attached one, or while it exported one, or somebody detached it.
  const loose = own.filter((file) => isMedium(file) && !disks.includes(file))
  if (loose.length > 0) await closeMedia(session, (file) => loose.includes(file), call)
  const rest = await removeRunFolder(path.dirname(folder), others)
  const elsewhere = disks.filter((file) => runIdOfFile(file) === undefined)
  return { removed: [...removed, ...rest.removed], kept: [...elsewhere.map(notMade), ...rest.kept] }
}

function isMedium(file: string): boolean {
  return file.endsWith('.vdi') || runIdOfExport(path.basename(file)) !== undefined
}

/** A disk that no machine has is known to VirtualBox alone. */
export async function closeMedia(session: Session, isWanted: (file: string) => boolean, call: Call): Promise<void> {
  const text = await session.manage(['list', 'hdds'], { action: 'list the disks' }, call)
  const pattern = /^[^:\n]+: +([0-9a-f-]{36})\r?\n(?:[^\n]+\n)*?[^:\n]+: +((?:\/|[A-Za-z]:\\).*?)\r?$/gm // UUID: 16ff…\nParent UUID: base\n…\nLocation: /vms/disk0.vdi
  for (const [, uuid = '', file = ''] of text.matchAll(pattern))
    if (isWanted(file)) await session.manage(['closemedium', 'disk', uuid], { action: `let go of ${file}` }, call)
}

function notMade(what: string): Kept {
  const why = isImage(what)
    ? 'VirtualBox keeps in it what was written to a disk that azl-vm did not make'
    : 'azl-vm did not make it'
  return { what, why, isOurs: false }
}

/**
 * Deletes the folder of a run. Files that azl-vm and VirtualBox did not make stay, also what VirtualBox wrote for a disk
 * that azl-vm did not make, and so do the folders above them, and `machineFolders`: a copy by hand and an import have the
 * original's group, and so their folder beside its own.
 */
export async function removeRunFolder(folder: string, machineFolders: readonly string[] = []): Promise<RemovalReport> {
  const removed: string[] = []
  const { own, foreign } = await sortRunFolder(folder, machineFolders)
  for (const file of own) {
    await rm(file, { force: true })
    removed.push(file)
  }
  for (const machine of await readdir(folder).catch(() => []))
    for (const name of ['Snapshots', 'Logs', '.']) await removeEmpty(path.join(folder, machine, name))
  if (await removeEmpty(folder)) removed.push(folder)
  // VirtualBox’s folder for all groups of ours; the next machine has it made anew.
  await removeEmpty(path.dirname(folder))
  return { removed, kept: foreign.map(notMade) }
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
