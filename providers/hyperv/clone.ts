/**
 * A clone: disks that lie on what a checkpoint of the original holds, everything else its own. Its machine, the anchor,
 * comes first, and its mark names what it will lie on.
 */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotCloneNow } from '../../src/provider/machine-errors.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { applyDrives, applySettings } from './apply.ts'
import { makeCheckpoint, readCheckpoints } from './checkpoints.ts'
import { claim } from './claim.ts'
import { powerState } from './info.ts'
import { diskFile, machineFolder, opticalLocations, pathsOf, runName } from './names.ts'
import { adaptersInMark, adaptersLike } from './network-cards.ts'
import { plugInLike } from './networks.ts'
import { requireOwnMachine, type OwnMachine } from './own-machine.ts'
import type { Session } from './session.ts'
import { findSnapshot } from './snapshots.ts'

export async function cloneMachine(
  session: Session,
  ref: MachineRef,
  request: CloneRequest,
  call: Call,
): Promise<void> {
  const original = await requireOwnMachine(session, ref, call)
  const { config } = original
  const { runId } = request.mark
  const base = await baseOf(session, original, request, call)
  const host = await session.hello(call)
  const paths = pathsOf(host)
  const root = paths.dirname(config.path)
  const adapters = adaptersLike(adaptersInMark(original.mark), request.macs, runId)
  const vmId = await claim(
    session,
    {
      kind: 'machine',
      root,
      runName: runName(runId),
      name: request.ref.name,
      memoryBytes: config.memoryBytes,
      networkModes: adapters.map(({ mode }) => mode),
      adapters,
    },
    { ref: request.ref, mark: { ...request.mark, provider: { ...original.mark.provider, base } } },
    call,
  )
  // Frozen by Hyper-V itself: what the disks are now is what the checkpoint holds.
  if (request.snapshot === undefined) await makeCheckpoint(session, original, runId, call)
  await applySettings(
    session,
    vmId,
    {
      kind: 'settings',
      memoryBytes: config.memoryBytes,
      processors: config.processors,
      isNested: config.isNested,
      secureBootTemplate: config.secureBoot === 'On' ? (config.secureBootTemplate ?? '') : '',
      tpm: config.isTpmOn,
    },
    call,
  )
  await plugInLike(session, vmId, adapters, call)
  const folder = machineFolder(host, root, runId)
  for (const [index, parent] of base.entries()) {
    const asked = { action: `lay a disk over ${parent}`, schema: z.literal(true) }
    const args = { id: vmId, path: paths.join(folder, diskFile(index)), parent, location: index }
    await session.run('add-differencing-disk', args, asked, call)
  }
  await applyDrives(session, vmId, call)
  await insertMedium(session, original, vmId, call)
}

/** The files that the clone's disks will lie on. */
async function baseOf(
  session: Session,
  { ref, vmId, config }: OwnMachine,
  { snapshot }: CloneRequest,
  call: Call,
): Promise<readonly string[]> {
  if (snapshot !== undefined) return findSnapshot(ref, await readCheckpoints(session, vmId, call), snapshot).disks
  const state = powerState(config.state)
  if (state === 'off') return config.disks.map(({ path }) => path)
  throw cannotCloneNow(ref, state)
}

async function insertMedium(session: Session, { config }: OwnMachine, vmId: string, call: Call): Promise<void> {
  const location = opticalLocations.installer
  const path = config.optical.find((drive) => drive.location === location)?.path ?? ''
  const asked = { action: 'insert the medium of the original', schema: z.literal(true) }
  if (path !== '') await session.run('set-dvd', { id: vmId, location, path }, asked, call)
}
