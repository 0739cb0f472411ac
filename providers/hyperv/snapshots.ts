/** Snapshots are Hyper-V's own checkpoints: disks, configuration, TPM, and the memory of a machine that is on. */
import * as z from 'zod'
import { isAzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import { goOnFromMemory } from '../../src/provider/go-on-from-memory.ts'
import { sweepAfterwards } from '../../src/provider/leftovers.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotHold } from '../../src/provider/machine-errors.ts'
import type { RestoreRequest, RestoreResult, SnapshotInfo, SnapshotRequest } from '../../src/provider/snapshot.ts'
import { requireSnapshot, snapshotExists, snapshotNamed, snapshotTaken } from '../../src/provider/snapshot-names.ts'
import { fileKey, neededByOthers, readChains } from './chains.ts'
import {
  makeCheckpoint,
  readCheckpoints,
  removeCheckpoint,
  renameCheckpoint,
  runIdOf,
  type Checkpoint,
  type Checkpoints,
} from './checkpoints.ts'
import { powerState } from './info.ts'
import { findMachine } from './machines.ts'
import { runName } from './names.ts'
import { requireOwnMachine, type OwnMachine } from './own-machine.ts'
import type { Session } from './session.ts'

export async function takeSnapshot(
  session: Session,
  ref: MachineRef,
  { name, runId }: SnapshotRequest,
  call: Call,
): Promise<SnapshotInfo> {
  const machine = await requireOwnMachine(session, ref, call)
  const { vmId, config } = machine
  const there = snapshotNamed(snapshotsAmong(await readCheckpoints(session, vmId, call)), name)
  if (there) throw snapshotExists(ref.name, there)
  const state = powerState(config.state)
  if (state !== 'off' && state !== 'running') throw cannotHold(ref, state)
  const made = await makeCheckpoint(session, machine, runId, call)
  await renameCheckpoint(session, vmId, made, name, call)
  return snapshotTaken(ref.name, infosOf(machine, await readCheckpoints(session, vmId, call)), name)
}

export async function listSnapshots(session: Session, ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
  const machine = await requireOwnMachine(session, ref, call)
  return infosOf(machine, await readCheckpoints(session, machine.vmId, call))
}

function snapshotsAmong({ checkpoints }: Checkpoints): readonly Checkpoint[] {
  return checkpoints.filter((each) => runIdOf(each) === undefined)
}

function infosOf({ config }: OwnMachine, all: Checkpoints): readonly SnapshotInfo[] {
  /** The nearest snapshot at or above a checkpoint. */
  const snapshotAt = (id: string): Checkpoint | undefined => {
    const found = all.checkpoints.find((each) => each.id === id)
    return found === undefined || runIdOf(found) === undefined ? found : snapshotAt(found.parent)
  }
  const current = snapshotAt(all.current)
  return snapshotsAmong(all).map((each) => {
    const parent = snapshotAt(each.parent)
    return {
      name: each.name,
      created: new Date(each.created).toISOString(),
      hasMemory: hasMemory(each),
      ...(parent === undefined ? {} : { parent: parent.name }),
      isCurrent: each === current,
      // It lies in the machine's guest state, which a checkpoint holds.
      ...(config.isTpmOn ? { isTpmHeld: true } : {}),
      sizeBytes: each.sizeBytes,
    }
  })
}

function hasMemory({ state }: Checkpoint): boolean {
  return state !== 'Off'
}

/** The snapshot; throws snapshot-not-found. */
export function findSnapshot(ref: MachineRef, all: Checkpoints, name: string): Checkpoint {
  return requireSnapshot(ref.name, snapshotsAmong(all), name)
}

/** `start` is the provider's, which connects consoles; it goes on from the memory. */
export async function restoreSnapshot(
  session: Session,
  ref: MachineRef,
  { name }: RestoreRequest,
  start: () => Promise<StartResult>,
  call: Call,
): Promise<RestoreResult> {
  const { vmId } = await requireOwnMachine(session, ref, call)
  const held = findSnapshot(ref, await readCheckpoints(session, vmId, call), name)
  const asked = { action: `bring ${ref.name} back to ${held.name}`, schema: z.object({ state: z.string() }) }
  const { state } = await session.run('restore-checkpoint', { id: vmId, checkpointId: held.id }, asked, call)
  if (powerState(state) === 'off') return { state: 'off', outputs: {} }
  return await goOnFromMemory(ref, held.name, start)
}

/** Where the disk of a clone lies on what it holds it only loses its name: {@link sweepCheckpoints} removes it later. */
export async function deleteSnapshot(session: Session, ref: MachineRef, name: string, call: Call): Promise<void> {
  const { vmId, mark } = await requireOwnMachine(session, ref, call)
  const gone = findSnapshot(ref, await readCheckpoints(session, vmId, call), name)
  const needed = neededByOthers(await readChains(session, call), vmId)
  if (isNeeded(gone, needed)) await renameCheckpoint(session, vmId, gone, runName(mark.runId), call)
  else await removeCheckpoint(session, vmId, gone, call)
}

function isNeeded({ disks }: Checkpoint, needed: ReadonlySet<string>): boolean {
  return disks.some((path) => needed.has(fileKey(path)))
}

/** Checkpoints that nobody named, or that were forgotten, and that no clone needs. */
export async function unneededCheckpoints(session: Session, vmId: string, call: Call): Promise<readonly Checkpoint[]> {
  const unnamed = await unnamedCheckpoints(session, vmId, call).catch((error: unknown) => {
    if (isAzlVmError(error, 'machine-not-found')) return []
    throw error
  })
  return unnamed.filter(({ isNeeded: is }) => !is).map(({ checkpoint }) => checkpoint)
}

async function unnamedCheckpoints(
  session: Session,
  vmId: string,
  call: Call,
): Promise<readonly { readonly checkpoint: Checkpoint; readonly isNeeded: boolean }[]> {
  const unnamed = (await readCheckpoints(session, vmId, call)).checkpoints.filter((each) => runIdOf(each) !== undefined)
  if (unnamed.length === 0) return []
  const needed = neededByOthers(await readChains(session, call), vmId)
  return unnamed.map((checkpoint) => ({ checkpoint, isNeeded: isNeeded(checkpoint, needed) }))
}

/**
 * After the clone of a run went: removes what the machine that it was made of kept for it, unless another clone needs
 * that by now. What was asked for is done by then: a failure is told, and gc comes back to it.
 */
export async function sweepCheckpoints(session: Session, originalId: string, runId: string, call: Call): Promise<void> {
  await sweepAfterwards(call, async () => {
    const machine = await findMachine(session, { name: '', id: originalId }, call)
    if (!machine?.mark) return
    const { vmId, mark } = machine
    for (const { checkpoint, isNeeded: is } of await unnamedCheckpoints(session, vmId, call)) {
      const maker = runIdOf(checkpoint)
      // What another run is about to name is not ours to judge.
      if (maker !== runId && maker !== mark.runId) continue
      if (!is) await removeCheckpoint(session, vmId, checkpoint, call)
      else if (maker === runId) await renameCheckpoint(session, vmId, checkpoint, runName(mark.runId), call)
    }
  })
}
