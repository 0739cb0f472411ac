/** What carries a run's name and belongs to no machine that is marked: machines before their mark, folders, switches. */
import * as z from 'zod'
import type { Call, Leftover } from '../../src/provider/contract.ts'
import { recorderLeftovers, removeIfStillLeft } from '../../src/provider/leftovers.ts'
import { removeCheckpoint, runIdOf } from './checkpoints.ts'
import { allMachines, type FoundMachine } from './machines.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { isMarkOf } from './mark-notes.ts'
import { exportFilePattern, pathsOf, runIdOfName, runIdOfSwitch } from './names.ts'
import { removeFolder, removeMachine } from './removal.ts'
import { turnOff } from './stop.ts'
import type { Session } from './session.ts'
import { unneededCheckpoints } from './snapshots.ts'
import { storageRoots } from './storage-roots.ts'
import { removeSwitch, switchNames } from './switches.ts'

const hostSchema = z.object({ machinePath: z.string() })
const foldersSchema = z.object({ folders: z.array(z.string()) })

/** Folders, switches and recorders are listed before the machines: whose they are is made first, so that it is listed then. */
export async function findLeftovers(session: Session, recorders: Recorders, call: Call): Promise<readonly Leftover[]> {
  const paths = pathsOf(await session.hello(call))
  const folders = await listFolders(session, call)
  const switches = await switchNames(session, call)
  const recorded = await recorders.machineIds(call)
  const machines = await allMachines(session, call)
  const isUnmarked = ({ mark, config }: FoundMachine): boolean =>
    mark === undefined && runIdOfName(config.name) !== undefined && paths.basename(config.path) === config.name
  const half = machines.filter(isUnmarked)
  // A copy's mark names the run too: what the run made may be the copy's to use.
  const runs = new Set(machines.map(({ mark }) => mark?.runId))
  const used = new Set(machines.map(({ config }) => config.path.toLowerCase()))
  return [
    ...half.map(({ vmId, config }) => ({
      id: `machine:${vmId}`,
      what: `machine ${config.name}, which is not marked yet`,
      runId: runIdOfName(config.name),
    })),
    ...folders.flatMap((folder) => {
      const runId = runIdOfName(paths.basename(folder))
      const isNamed = runId === undefined || runs.has(runId) || used.has(folder.toLowerCase())
      return isNamed ? [] : [{ id: `folder:${folder}`, what: `folder ${folder}`, runId }]
    }),
    ...switches.flatMap((name) => {
      const runId = runIdOfSwitch(name)
      return runId === undefined || runs.has(runId) ? [] : [{ id: `switch:${name}`, what: `switch ${name}`, runId }]
    }),
    ...recorderLeftovers(recorded, machines),
    ...(await checkpointLeftovers(session, machines, call)),
    ...(await exportLeftovers(session, machines, call)),
  ]
}

/** Checkpoints of our machines that are no snapshots, and that no clone lies on. */
async function checkpointLeftovers(
  session: Session,
  machines: readonly FoundMachine[],
  call: Call,
): Promise<readonly Leftover[]> {
  const found = []
  for (const { ref, vmId, mark } of machines) {
    if (!mark || !isMarkOf(mark, vmId)) continue
    for (const checkpoint of await unneededCheckpoints(session, vmId, call))
      found.push({
        id: `checkpoint:${vmId}/${checkpoint.id}`,
        what: `checkpoint ${checkpoint.name} of ${ref.name}`,
        runId: runIdOf(checkpoint),
      })
  }
  return found
}

/** Disks that an export was cut off at; those in the folders of nobody go with the folders. */
async function exportLeftovers(
  session: Session,
  machines: readonly FoundMachine[],
  call: Call,
): Promise<readonly Leftover[]> {
  const folders = machines.filter(({ mark, vmId }) => mark && isMarkOf(mark, vmId)).map(({ config }) => config.path)
  const asked = { action: 'look for what was half exported', schema: z.object({ files: z.array(z.string()) }) }
  const { files } = await session.run('list-files', { folders, pattern: exportFilePattern }, asked, call)
  const paths = pathsOf(await session.hello(call))
  return files.map((file) => ({
    id: `file:${file}`,
    what: `file ${file}`,
    runId: new RegExp(exportFilePattern).exec(paths.basename(file))?.[1],
  }))
}

async function listFolders(session: Session, call: Call): Promise<readonly string[]> {
  const asked = { action: 'read where machines are kept', schema: hostSchema }
  const { machinePath } = await session.run('get-host', {}, asked, call)
  const roots = await storageRoots(session, machinePath, call)
  const args = { roots, prefix: 'azl-vm-' }
  return (await session.run('list-folders', args, { action: 'look for folders', schema: foldersSchema }, call)).folders
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
  const at = leftover.id.indexOf(':')
  const [kind, rest] = [leftover.id.slice(0, at), leftover.id.slice(at + 1)]
  if (kind === 'recorder') return (await recorders.remove(rest, call)).length > 0
  if (kind === 'switch') return await removeSwitch(session, rest, call)
  if (kind === 'checkpoint') {
    const [vmId = '', id = ''] = rest.split('/')
    await removeCheckpoint(session, vmId, { id, name: leftover.what }, call)
    return true
  }
  if (kind === 'file')
    return await session.run('remove-file', { path: rest }, { action: `delete ${rest}`, schema: z.boolean() }, call)
  if (kind === 'folder') return (await removeFolder(session, rest, call)).kept.length === 0
  const machine = (await allMachines(session, call)).find(({ vmId }) => vmId === rest)
  if (!machine) return false
  await turnOff(session, { name: machine.config.name, vmId: rest }, call)
  const isRemoved = await removeMachine(session, rest, machine.config.name, call)
  await removeFolder(session, machine.config.path, call)
  return isRemoved
}

/** Takes back a claim that was cut off anywhere: all that a run made and that no marked machine names. */
export async function removeLeftoversOf(
  session: Session,
  recorders: Recorders,
  runId: string,
  call: Call,
): Promise<void> {
  for (const leftover of await findLeftovers(session, recorders, call))
    if (leftover.runId === runId) await removeLeftover(session, recorders, leftover, call)
}
