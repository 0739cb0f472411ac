/** What belongs to no machine that is marked: machines before their mark, folders, disks, what recorders kept. */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Call, Leftover } from '../../src/provider/contract.ts'
import { recorderLeftovers, removeIfStillLeft } from '../../src/provider/leftovers.ts'
import type { LocalRecorders } from '../../src/recorder/recorders.ts'
import { machineFolderOf } from './questions.ts'
import { allMachines, findMachine, isOwn, type FoundMachine } from './machines.ts'
import { isRunId, runIdOfExport, runIdOfFile, runIdOfGroup, runsFolder } from './names.ts'
import { sortRunFolder } from './own-files.ts'
import { closeMedia, removeMachine, removeRunFolder } from './removal.ts'
import type { Session } from './session.ts'
import { runIdOfSnapshot } from './snapshot-note.ts'
import { removeSnapshot, unneededSnapshots } from './snapshots.ts'
import { turnOff } from './stop.ts'
import { rememberedRoots } from './storage-roots.ts'

/** Folders are listed before the machines: a machine's folder is made after it is listed, or with it. */
export async function findLeftovers(
  session: Session,
  recorders: LocalRecorders,
  call: Call,
): Promise<readonly Leftover[]> {
  const folders = await runFolders(session, call)
  const recorded = await recorders.machineIds()
  const machines = await allMachines(session, call)
  const half = machines.filter(({ mark, settings }) => mark === undefined && runIdIn(settings.groups) !== undefined)
  const used = new Set(machines.flatMap((machine) => runsOf(machine)))
  return [
    ...half.map(({ ref, settings }) => ({
      id: `machine:${ref.id}`,
      what: `machine ${ref.name}, which is not marked yet`,
      runId: runIdIn(settings.groups),
    })),
    ...(await leftFolders(folders.filter((folder) => !used.has(path.basename(folder))))),
    ...recorderLeftovers(recorded, machines),
    ...(await Promise.all(machines.filter(isOwn).map((machine) => leftoversOfMachine(machine, machines)))).flat(),
  ]
}

/** Where only somebody else's files are left there is nothing to do. */
async function leftFolders(folders: readonly string[]): Promise<readonly Leftover[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const { own, foreign } = await sortRunFolder(folder)
      if (own.length === 0 && foreign.length > 0) return []
      const what = foreign.length === 0 ? `folder ${folder}` : `what azl-vm made in the folder ${folder}`
      return [{ id: `folder:${folder}`, what, runId: path.basename(folder) }]
    }),
  )
  return found.flat()
}

/** Snapshots that are none of the user's, and that nothing lies on; what an export was cut off at. */
async function leftoversOfMachine(machine: FoundMachine, all: readonly FoundMachine[]): Promise<readonly Leftover[]> {
  const { ref, folder } = machine
  const files = await readdir(folder).catch(() => [])
  return [
    ...unneededSnapshots(machine, all).map((held) => ({
      id: `snapshot:${ref.id}/${held.uuid}`,
      what: `snapshot ${held.name} of ${ref.name}`,
      runId: runIdOfSnapshot(held),
    })),
    ...files.flatMap((name) => {
      const runId = runIdOfExport(name)
      const file = path.join(folder, name)
      return runId === undefined ? [] : [{ id: `file:${file}`, what: `file ${file}`, runId }]
    }),
  ]
}

function runIdIn(groups: readonly string[]): string | undefined {
  return groups.map(runIdOfGroup).find((each) => each !== undefined)
}

/** The runs whose folders a machine needs: its own, those of the disks that it has, and the one in a mark that was copied. */
function runsOf({ mark, folder, settings }: FoundMachine): readonly string[] {
  const files = [path.join(folder, 'x'), ...settings.media.map(({ path: file }) => file)]
  return [mark?.runId, runIdIn(settings.groups), ...files.map(runIdOfFile)].filter((each) => each !== undefined)
}

async function runFolders(session: Session, call: Call): Promise<readonly string[]> {
  const usual = await machineFolderOf(session, call)
  const roots = [...new Set([usual, ...(await rememberedRoots(session.context))].map((root) => path.normalize(root)))]
  const found = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(runsFolder(root)).catch(() => [])
      return names.filter(isRunId).map((name) => path.join(runsFolder(root), name))
    }),
  )
  return found.flat()
}

export async function removeLeftover(
  session: Session,
  recorders: LocalRecorders,
  leftover: Leftover,
  call: Call,
): Promise<boolean> {
  return await removeIfStillLeft(
    leftover,
    () => findLeftovers(session, recorders, call),
    () => remove(session, recorders, leftover, call),
  )
}

async function remove(session: Session, recorders: LocalRecorders, leftover: Leftover, call: Call): Promise<boolean> {
  const at = leftover.id.indexOf(':')
  const [kind, rest] = [leftover.id.slice(0, at), leftover.id.slice(at + 1)]
  if (kind === 'recorder') return (await recorders.remove(rest)).length > 0
  if (kind === 'snapshot') {
    const [id = '', uuid = ''] = rest.split('/')
    await removeSnapshot(session, { name: leftover.what, id }, { uuid, name: uuid }, call)
    return true
  }
  if (kind === 'file') {
    await closeMedia(session, (file) => file === rest, call)
    await rm(rest, { force: true })
    return true
  }
  if (kind === 'folder') {
    const { own } = await sortRunFolder(rest)
    await closeMedia(session, (file) => own.includes(file), call)
    return (await removeRunFolder(rest)).removed.length > 0
  }
  const machine = await findMachine(session, { name: leftover.what, id: rest }, call)
  if (!machine) return false
  await turnOff(session, machine.ref, call)
  await removeMachine(session, machine, await allMachines(session, call), call)
  return true
}

/** Takes back a claim that was cut off anywhere: all that a run made and that no marked machine names. */
export async function removeLeftoversOf(
  session: Session,
  recorders: LocalRecorders,
  runId: string,
  call: Call,
): Promise<void> {
  for (const leftover of await findLeftovers(session, recorders, call))
    if (leftover.runId === runId) await removeLeftover(session, recorders, leftover, call)
}
