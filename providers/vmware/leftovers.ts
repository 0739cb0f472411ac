/** Folders of ours in which no machine is that carries its own mark: half made, half removed. */
import { rm } from 'node:fs/promises'
import type { Call, Leftover } from '../../src/provider/contract.ts'
import { allMachines, foldersIn } from './machines.ts'
import { isMachineFolder, isOwnFile, isSamePath, pathsOf, runFolder, runIdOfFolder } from './names.ts'
import { filesIn, removeFolder } from './removal.ts'
import { allRoots } from './roots.ts'
import type { Session } from './session.ts'

/** Folders are listed before the machines: whose they are is made first, so that it is listed then. */
export async function findLeftovers(session: Session, call: Call): Promise<readonly Leftover[]> {
  const paths = pathsOf(session.platform)
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
  return found
}

/** The name of the machine that a folder was made for, without regard to case. */
function nameOf(folder: string): string {
  return folder.replace(/\.azl-vm$/, '')
}

export async function removeLeftover(session: Session, leftover: Leftover, call: Call): Promise<boolean> {
  // Looked at again: a machine may have come to use it since it was listed.
  if (!(await findLeftovers(session, call)).some(({ id }) => id === leftover.id)) return false
  const name = pathsOf(session.platform).basename(leftover.id)
  if (runIdOfFolder(name) === undefined)
    return (await removeFolder(session, leftover.id, nameOf(name))).kept.length === 0
  // Nobody but the run wrote there.
  await rm(leftover.id, { recursive: true, force: true })
  return true
}

/** Takes back a claim that was cut off. */
export async function removeLeftoversOf(session: Session, runId: string, call: Call): Promise<void> {
  const name = runFolder(runId)
  for (const leftover of await findLeftovers(session, call))
    if (pathsOf(session.platform).basename(leftover.id) === name) await removeLeftover(session, leftover, call)
}
