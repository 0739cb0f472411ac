/** Snapshots are VirtualBox's own: disks, settings, firmware variables, and the memory of a machine that is on. */
import { stat } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import { goOnFromMemory } from '../../src/provider/go-on-from-memory.ts'
import { sweepAfterwards } from '../../src/provider/leftovers.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotHold } from '../../src/provider/machine-errors.ts'
import type { RestoreRequest, RestoreResult, SnapshotInfo, SnapshotRequest } from '../../src/provider/snapshot.ts'
import { requireSnapshot, snapshotExists, snapshotNamed, snapshotTaken } from '../../src/provider/snapshot-names.ts'
import { basesAboutToBe } from './chains.ts'
import { powerState } from './info.ts'
import { allMachines, findMachine, isOwn, requireOwnMachine, type FoundMachine, type OwnMachine } from './machines.ts'
import type { Session } from './session.ts'
import type { HeldState, MachineSettings } from './settings-file.ts'
import { hiddenName, noteOf, noteText, runIdOfSnapshot } from './snapshot-note.ts'
import { turnOff } from './stop.ts'

/** Memory and disks are written, or brought together. Milliseconds. */
const longMs = 3_600_000

export async function takeSnapshot(
  session: Session,
  ref: MachineRef,
  { name, created, runId }: SnapshotRequest,
  call: Call,
): Promise<SnapshotInfo> {
  const machine = await requireOwnMachine(session, ref, call)
  const there = snapshotNamed(namedAmong(machine.settings), name)
  if (there) throw snapshotExists(ref.name, there)
  const state = powerState(machine.state)
  if (state !== 'off' && state !== 'running') throw cannotHold(ref, state)
  const uuid = await holdState(session, ref, runId, { created, hasMemory: state === 'running' }, call)
  await renameSnapshot(session, ref, uuid, name, call)
  return snapshotTaken(ref.name, await infosOf(await requireOwnMachine(session, ref, call)), name)
}

const uuidPattern = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/ // Snapshot taken. UUID: d6b4365a-0b37-4dc0-ab89-97d53907ff6d

/** Under the name of a run: until it gets another one, it is no snapshot of the user's. Returns its UUID. */
export async function holdState(
  session: Session,
  ref: MachineRef,
  runId: string,
  note: Parameters<typeof noteText>[0],
  call: Call,
): Promise<string> {
  const args = ['snapshot', ref.id, 'take', hiddenName(runId), '--description', noteText(note)]
  const said = await session.manage(args, { action: `hold the state of ${ref.name}`, timeoutMs: longMs }, call)
  const uuid = uuidPattern.exec(said)?.[0]
  if (uuid !== undefined) return uuid
  throw new AzlVmError('bad-reply', `VBoxManage did not say the UUID of the snapshot: ${said.trim()}`)
}

async function renameSnapshot(
  session: Session,
  ref: MachineRef,
  uuid: string,
  name: string,
  call: Call,
): Promise<void> {
  const args = ['snapshot', ref.id, 'edit', uuid, '--name', name]
  await session.manage(args, { action: `name a snapshot of ${ref.name}` }, call)
}

export async function listSnapshots(session: Session, ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
  return await infosOf(await requireOwnMachine(session, ref, call))
}

function namedAmong({ snapshots }: MachineSettings): readonly HeldState[] {
  return snapshots.filter((each) => runIdOfSnapshot(each) === undefined)
}

async function infosOf({ settings }: OwnMachine): Promise<readonly SnapshotInfo[]> {
  /** The nearest snapshot of the user's at or above one. */
  const namedAt = (uuid: string | undefined): HeldState | undefined => {
    const found = settings.snapshots.find((each) => each.uuid === uuid)
    return found === undefined || runIdOfSnapshot(found) === undefined ? found : namedAt(found.parent)
  }
  const current = namedAt(settings.currentSnapshot)
  const infos = await Promise.all(
    namedAmong(settings).map(async (each): Promise<SnapshotInfo> => {
      const parent = namedAt(each.parent)
      const { created, hasMemory } = noteOf(each)
      return {
        name: each.name,
        created,
        hasMemory,
        ...(parent === undefined ? {} : { parent: parent.name }),
        isCurrent: each === current,
        // VirtualBox keeps it beside the firmware variables, which a snapshot holds.
        ...(each.hardware.tpm ? { isTpmHeld: true } : {}),
        sizeBytes: await sizeOf(each, settings),
      }
    }),
  )
  return infos.toSorted((a, b) => a.created.localeCompare(b.created))
}

async function sizeOf({ memoryFile, hardware }: HeldState, { media }: MachineSettings): Promise<number> {
  const disks = hardware.disks.map(({ uuid }) => media.find((medium) => medium.uuid === uuid)?.path)
  const sizes = await Promise.all(
    [memoryFile, ...disks].map(async (file) =>
      file === undefined
        ? 0
        : await stat(file).then(
            ({ size }) => size,
            () => 0,
          ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The snapshot; throws snapshot-not-found. */
export function findSnapshot({ ref, settings }: FoundMachine, name: string): HeldState {
  return requireSnapshot(ref.name, namedAmong(settings), name)
}

/** `start` is the provider's, which connects consoles; it goes on from the memory. */
export async function restoreSnapshot(
  session: Session,
  ref: MachineRef,
  { name }: RestoreRequest,
  start: () => Promise<StartResult>,
  call: Call,
): Promise<RestoreResult> {
  const held = findSnapshot(await requireOwnMachine(session, ref, call), name)
  await turnOff(session, ref, call)
  const asked = { action: `bring ${ref.name} back to ${held.name}`, timeoutMs: longMs }
  await session.manage(['snapshot', ref.id, 'restore', held.uuid], asked, call)
  if (!noteOf(held).hasMemory) return { state: 'off', outputs: {} }
  return await goOnFromMemory(ref, held.name, start)
}

/** Where others lie on it, it only loses its name: {@link sweepSnapshots} removes it later. */
export async function deleteSnapshot(session: Session, ref: MachineRef, name: string, call: Call): Promise<void> {
  const machine = await requireOwnMachine(session, ref, call)
  const gone = findSnapshot(machine, name)
  const all = await allMachines(session, call)
  if (isNeeded(machine, gone, all)) await renameSnapshot(session, ref, gone.uuid, hiddenName(machine.mark.runId), call)
  else await removeSnapshot(session, ref, gone, call)
  await sweepSnapshots(session, ref.id, undefined, call)
}

export async function removeSnapshot(
  session: Session,
  ref: MachineRef,
  { uuid, name }: Pick<HeldState, 'uuid' | 'name'>,
  call: Call,
): Promise<void> {
  const asked = { action: `remove the snapshot ${name} of ${ref.name}`, timeoutMs: longMs }
  await session.manage(['snapshot', ref.id, 'delete', uuid], asked, call)
}

/** VirtualBox removes no snapshot with two children, and no disk on which two others lie. */
function isNeeded({ settings }: FoundMachine, held: HeldState, all: readonly FoundMachine[]): boolean {
  const children = settings.snapshots.filter(({ parent }) => parent === held.uuid)
  const promised = new Set(all.flatMap(basesAboutToBe))
  return (
    children.length > 1 ||
    held.hardware.disks.some(
      ({ uuid }) => promised.has(uuid) || settings.media.filter(({ parent }) => parent === uuid).length > 1,
    )
  )
}

/** Snapshots that nobody named, or that were forgotten, and that nothing needs. */
export function unneededSnapshots(machine: FoundMachine, all: readonly FoundMachine[]): readonly HeldState[] {
  return machine.settings.snapshots.filter(
    (each) => runIdOfSnapshot(each) !== undefined && !isNeeded(machine, each, all),
  )
}

/**
 * Removes what a machine kept for others and nothing needs any more: what was forgotten, and what `runId` made, a clone
 * that is gone. What was asked for is done by then: a failure is told, and gc comes back to it.
 */
export async function sweepSnapshots(
  session: Session,
  machineId: string,
  runId: string | undefined,
  call: Call,
): Promise<void> {
  await sweepAfterwards(call, async () => {
    for (;;) {
      const machine = await findMachine(session, { name: '', id: machineId }, call)
      if (!machine || !isOwn(machine)) return
      const all = await allMachines(session, call)
      const [next] = unneededSnapshots(machine, all).filter((each) =>
        // What another run is about to name is not ours to judge.
        [runId, machine.mark.runId].includes(runIdOfSnapshot(each)),
      )
      if (!next) return
      await removeSnapshot(session, machine.ref, next, call)
    }
  })
}
