/**
 * A machine's checkpoints. One that carries the name of a run is no snapshot of the user's: it is being made, or it is
 * forgotten and kept because the disk of a clone lies on what it holds. Hyper-V would bring the disks together.
 */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { FoundMachine } from './machines.ts'
import { untilMerged } from './merges.ts'
import { runIdOfName, runName } from './names.ts'
import type { Session } from './session.ts'

const checkpointSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** ISO 8601, UTC. */
  created: z.string(),
  /** The machine's when it was taken: `Off` is without memory. */
  state: z.string(),
  /** The id of another checkpoint, or ''. */
  parent: z.string(),
  /** The files that the machine's disks were. */
  disks: z.array(z.string()),
  sizeBytes: z.number(),
})

const checkpointsSchema = z.object({
  /** The checkpoint that the machine's state came from, or ''. */
  current: z.string(),
  checkpoints: z.array(checkpointSchema),
})

export type Checkpoint = z.output<typeof checkpointSchema>
export type Checkpoints = z.output<typeof checkpointsSchema>

/** What checkpoints write takes as long as the memory is large and the disk slow. */
const longMs = 3_600_000

export async function readCheckpoints(session: Session, vmId: string, call: Call): Promise<Checkpoints> {
  const asked = { action: 'list the checkpoints', schema: checkpointsSchema }
  const { current, checkpoints } = await session.run('list-checkpoints', { id: vmId }, asked, call)
  return { current, checkpoints: checkpoints.toSorted((a, b) => a.created.localeCompare(b.created)) }
}

/** The run whose name a checkpoint carries; undefined for a snapshot. */
export function runIdOf({ name }: Checkpoint): string | undefined {
  return runIdOfName(name)
}

/**
 * Holds the machine under the name of a run: until it gets another one, it is no snapshot. Memory takes long to write:
 * others are answered meanwhile.
 */
export async function makeCheckpoint(
  session: Session,
  { vmId, config }: FoundMachine,
  runId: string,
  call: Call,
): Promise<Checkpoint> {
  const asked = { action: 'take a checkpoint', schema: checkpointSchema, timeoutMs: longMs }
  const args = { id: vmId, name: runName(runId) }
  return await (config.state === 'Off'
    ? session.run('checkpoint-vm', args, asked, call)
    : session.runAlone('checkpoint-vm', args, asked, call))
}

export async function renameCheckpoint(
  session: Session,
  vmId: string,
  { id }: Checkpoint,
  name: string,
  call: Call,
): Promise<void> {
  const asked = { action: `name a checkpoint ${name}`, schema: z.literal(true) }
  await session.run('rename-checkpoint', { id: vmId, checkpointId: id, name }, asked, call)
}

/** Its disks are merged when this resolves, as far as Hyper-V tells. Where the wait is cut off Hyper-V goes on with it. */
export async function removeCheckpoint(
  session: Session,
  vmId: string,
  { id, name }: Pick<Checkpoint, 'id' | 'name'>,
  call: Call,
): Promise<void> {
  const asked = { action: `remove the checkpoint ${name}`, schema: z.literal(true), timeoutMs: longMs }
  await session.run('remove-checkpoint', { id: vmId, checkpointId: id }, asked, call)
  await untilMerged(session, vmId, call)
}
