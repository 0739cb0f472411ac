/** Snapshots are VMware's own: disks, firmware variables, configuration, and the memory of a machine that is on. */
import type { Call, StartResult } from '../../src/provider/contract.ts'
import { goOnFromMemory } from '../../src/provider/go-on-from-memory.ts'
import { sweepAfterwards } from '../../src/provider/leftovers.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotHold } from '../../src/provider/machine-errors.ts'
import type { RestoreRequest, RestoreResult, SnapshotInfo, SnapshotRequest } from '../../src/provider/snapshot.ts'
import { requireSnapshot, snapshotExists, snapshotNamed, snapshotTaken } from '../../src/provider/snapshot-names.ts'
import { isNeededByOthers, readChains } from './chains.ts'
import { installerOf } from './info.ts'
import { stateOf } from './machine-state.ts'
import { changeNote, findMachine, isOwn, requireOwnMachine, type OwnMachine } from './machines.ts'
import { settleMedium } from './medium.ts'
import { runFolder, runIdOfFolder } from './names.ts'
import type { Session } from './session.ts'
import { readSnapshots, type NotedSnapshot, type NotedSnapshots } from './snapshot-file.ts'
import { turnOff } from './stop.ts'

/** Milliseconds: the memory of a large machine is written, or a snapshot of a large disk merged. */
const longMs = 3_600_000

const deletedAndNeeded = 'It was deleted, and stays until the clones that lie on it are gone: choose another name.'

export async function takeSnapshot(
  session: Session,
  ref: MachineRef,
  { name }: SnapshotRequest,
  call: Call,
): Promise<SnapshotInfo> {
  const machine = await requireOwnMachine(session, ref, call)
  const there = snapshotNamed((await readSnapshots(session, machine)).snapshots, name)
  if (there) throw snapshotExists(ref.name, there, isShown(machine, there) ? undefined : deletedAndNeeded)
  const { state } = await stateOf(session, machine, call)
  if (state !== 'off' && state !== 'running') throw cannotHold(ref, state)
  await makeSnapshot(session, machine, name, call)
  return snapshotTaken(ref.name, infosOf(machine, await readSnapshots(session, machine)), name)
}

async function makeSnapshot(session: Session, { ref, file }: OwnMachine, name: string, call: Call): Promise<void> {
  await session.vmrun(['snapshot', file, name], { action: `hold ${ref.name} as ${name}`, timeoutMs: longMs }, call)
}

/** What a clone of a machine that is off lies on: named by its run, and shown to nobody. */
export async function makeBase(session: Session, machine: OwnMachine, runId: string, call: Call): Promise<string> {
  const name = runFolder(runId)
  await makeSnapshot(session, machine, name, call)
  return name
}

export async function listSnapshots(session: Session, ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
  const machine = await requireOwnMachine(session, ref, call)
  return infosOf(machine, await readSnapshots(session, machine))
}

/** Those that clones lie on, and those that were deleted while clones do, are not. */
function isShown({ note }: OwnMachine, { name, uid }: NotedSnapshot): boolean {
  return runIdOfFolder(name) === undefined && note.deletedSnapshots?.includes(uid) !== true
}

function infosOf(machine: OwnMachine, all: NotedSnapshots): readonly SnapshotInfo[] {
  /** The nearest shown one at or above. */
  const shownAt = (uid: string): NotedSnapshot | undefined => {
    const found = all.snapshots.find((each) => each.uid === uid)
    return found === undefined || isShown(machine, found) ? found : shownAt(found.parent)
  }
  const current = shownAt(all.current)
  return all.snapshots
    .filter((each) => isShown(machine, each))
    .map((each) => {
      const parent = shownAt(each.parent)
      return {
        name: each.name,
        created: each.created.toISOString(),
        hasMemory: each.hasMemory,
        ...(parent === undefined ? {} : { parent: parent.name }),
        isCurrent: each === current,
      }
    })
}

/** The snapshot; throws snapshot-not-found. */
export async function findSnapshot(session: Session, machine: OwnMachine, name: string): Promise<NotedSnapshot> {
  const { snapshots } = await readSnapshots(session, machine)
  const shown = snapshots.filter((each) => isShown(machine, each))
  return requireSnapshot(machine.ref.name, shown, name)
}

/** `start` is the provider's, which connects consoles; it goes on from the memory. */
export async function restoreSnapshot(
  session: Session,
  ref: MachineRef,
  { name }: RestoreRequest,
  start: () => Promise<StartResult>,
  call: Call,
): Promise<RestoreResult> {
  const machine = await requireOwnMachine(session, ref, call)
  const held = await findSnapshot(session, machine, name)
  if ((await stateOf(session, machine, call)).state === 'running') await turnOff(session, machine, call)
  // VMware brings the configuration of then back too; the drive is to be as it is now.
  await changeNote(session, machine, { installer: installerOf(machine) ?? null })
  const run = { action: `bring ${ref.name} back to ${held.name}`, timeoutMs: longMs }
  await session.vmrun(['revertToSnapshot', machine.file, held.name], run, call)
  if (!held.hasMemory) {
    await settleMedium(session, await requireOwnMachine(session, ref, call))
    return { state: 'off', outputs: {} }
  }
  return await goOnFromMemory(ref, held.name, start)
}

/** Where the disk of a clone lies on what it holds it is only shown no more: {@link sweepSnapshots} removes it later. */
export async function deleteSnapshot(session: Session, ref: MachineRef, name: string, call: Call): Promise<void> {
  const machine = await requireOwnMachine(session, ref, call)
  const gone = await findSnapshot(session, machine, name)
  if (isNeededByOthers(session, await readChains(session, call), machine, gone.disks)) {
    const deletedSnapshots = [...(machine.note.deletedSnapshots ?? []), gone.uid]
    await changeNote(session, machine, { deletedSnapshots })
  } else await removeSnapshot(session, machine, gone, call)
}

async function removeSnapshot(
  session: Session,
  { ref, file }: OwnMachine,
  { name }: NotedSnapshot,
  call: Call,
): Promise<void> {
  const run = { action: `forget the snapshot ${name} of ${ref.name}`, timeoutMs: longMs }
  await session.vmrun(['deleteSnapshot', file, name], run, call)
}

/** Snapshots that nobody is shown and that no clone needs. */
export async function unneededSnapshots(
  session: Session,
  machine: OwnMachine,
  call: Call,
): Promise<readonly NotedSnapshot[]> {
  const hidden = (await readSnapshots(session, machine)).snapshots.filter((each) => !isShown(machine, each))
  if (hidden.length === 0) return []
  const all = await readChains(session, call)
  return hidden.filter(({ disks }) => !isNeededByOthers(session, all, machine, disks))
}

/** By {@link unneededSnapshots}; false where it is gone, or needed by now. */
export async function removeUnneeded(session: Session, machine: OwnMachine, uid: string, call: Call): Promise<boolean> {
  const found = (await unneededSnapshots(session, machine, call)).find((each) => each.uid === uid)
  if (found) await removeSnapshot(session, machine, found, call)
  return found !== undefined
}

/**
 * After a clone went: removes what the machine that it was made of kept for it. What was asked for is done by then: a
 * failure is told, and gc comes back to it.
 */
export async function sweepSnapshots(session: Session, originalId: string, call: Call): Promise<void> {
  await sweepAfterwards(call, async () => {
    const machine = await findMachine(session, { name: '', id: originalId }, call)
    if (!machine || !isOwn(session, machine)) return
    for (const { uid } of await unneededSnapshots(session, machine, call))
      await removeUnneeded(session, machine, uid, call)
  })
}
