/** Folders of ours in which no machine is that carries its own mark: half made, half removed. */
import { rm } from 'node:fs/promises'
import type { Call, Leftover } from '../../src/provider/contract.ts'
import { recorderLeftovers, removeIfStillLeft } from '../../src/provider/leftovers.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { allMachines, foldersIn, isOwn, requireOwnMachine, type FoundMachine } from './machines.ts'
import { isMachineFolder, isOwnFile, isSamePath, pathsOf, runFolder, runIdOfExport, runIdOfFolder } from './names.ts'
import { filesIn, removeFolder } from './removal.ts'
import { allRoots } from './roots.ts'
import type { Session } from './session.ts'
import { removeUnneeded, unneededSnapshots } from './snapshots.ts'

/** Folders are listed before the machines: whose they are is made first, so that it is listed then. */
export async function findLeftovers(session: Session, recorders: Recorders, call: Call): Promise<readonly Leftover[]> {
  const paths = pathsOf(session.platform)
  const recorded = await recorders.machineIds(call)
  const folders = (await Promise.all((await allRoots(session)).map((root) => foldersIn(session, root)))).flat()
  const machines = await allMachines(session, call)
  const found: Leftover[] = []
  for (const folder of folders) {
    const name = paths.basename(folder)
    const runId = runIdOfFolder(name)
    // The run's folder holds a machine that has no name yet: its mark names the file that it will be.
    const isUnnamed = runId !== undefined
    const isEmptied =
      isMachineFolder(name) &&
      !machines.some((machine) => isSamePath(machine.folder, folder, session.platform)) &&
      (await filesIn(folder)).every((file) => isOwnFile(file, nameOf(name)))
    if (isUnnamed || isEmptied) found.push({ id: folder, what: `folder ${folder}`, runId })
  }
  return [
    ...found,
    ...recorderLeftovers(recorded, machines),
    ...(await exportLeftovers(session, machines)),
    ...(await snapshotLeftovers(session, machines, call)),
  ]
}

/** Disks that an export was cut off at. */
async function exportLeftovers(session: Session, machines: readonly FoundMachine[]): Promise<readonly Leftover[]> {
  const own = machines.filter((machine) => isOwn(session, machine))
  const files = await Promise.all(
    own.map(async ({ folder }) =>
      (await filesIn(folder)).map((name) => ({ name, file: pathsOf(session.platform).join(folder, name) })),
    ),
  )
  return files.flat().flatMap(({ name, file }) => {
    const runId = runIdOfExport(name)
    return runId === undefined ? [] : [{ id: file, what: `file ${file}`, runId }]
  })
}

/** Of our machines, snapshots that are shown to nobody and that no clone lies on. */
async function snapshotLeftovers(
  session: Session,
  machines: readonly FoundMachine[],
  call: Call,
): Promise<readonly Leftover[]> {
  const found: Leftover[] = []
  for (const machine of machines.filter((each) => isOwn(session, each)))
    for (const { uid, name } of await unneededSnapshots(session, machine, call))
      found.push({
        id: `${snapshotPrefix}${uid}:${machine.ref.id}`,
        what: `snapshot ${name} of ${machine.ref.name}`,
        runId: runIdOfFolder(name) ?? machine.mark.runId,
      })
  return found
}

const snapshotPrefix = 'snapshot:'

/** The name of the machine that a folder was made for, without regard to case. */
function nameOf(folder: string): string {
  return folder.replace(/\.azl-vm$/, '')
}

export async function removeLeftover(
  session: Session,
  recorders: Recorders,
  leftover: Leftover,
  call: Call,
): Promise<boolean> {
  return await removeIfStillLeft(
    leftover,
    () => findLeftovers(session, recorders, call),
    () => remove(session, recorders, leftover, call),
  )
}

async function remove(session: Session, recorders: Recorders, leftover: Leftover, call: Call): Promise<boolean> {
  const gone = /^recorder:(.*)$/.exec(leftover.id)?.[1]
  if (gone !== undefined) return (await recorders.remove(gone, call)).length > 0
  const [, uid, machineId] = /^snapshot:(\d+):(.*)$/.exec(leftover.id) ?? []
  if (uid !== undefined && machineId !== undefined)
    return await removeUnneeded(session, await requireOwnMachine(session, { name: '', id: machineId }, call), uid, call)
  const name = pathsOf(session.platform).basename(leftover.id)
  if (runIdOfFolder(name) === undefined && runIdOfExport(name) === undefined)
    return (await removeFolder(session, leftover.id, nameOf(name), [])).kept.length === 0
  // Nobody but the run wrote there.
  await rm(leftover.id, { recursive: true, force: true })
  return true
}

/** Takes back a claim that was cut off. */
export async function removeLeftoversOf(
  session: Session,
  recorders: Recorders,
  runId: string,
  call: Call,
): Promise<void> {
  const name = runFolder(runId)
  for (const leftover of await findLeftovers(session, recorders, call))
    if (pathsOf(session.platform).basename(leftover.id) === name)
      await removeLeftover(session, recorders, leftover, call)
}
