/** Executes the operations that make a machine, each so that it can be done again. */
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { DiskParameters } from '../../src/provider/operations.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { isThere } from '../../src/store/is-there.ts'
import { claim } from './claim.ts'
import { isSecureBootWhole } from './firmware-variables.ts'
import { requireDescribed, requireMachine, type DescribedMachine } from './machines.ts'
import { addDrives, attachDisk, createDisk, secureBoot, type Arguments } from './manage-calls.ts'
import { attachMedium } from './medium.ts'
import { diskFile, diskPort, opticalPorts } from './names.ts'
import type { VirtualBoxParameters } from './parameters.ts'
import type { Session } from './session.ts'

/** Those of `start` are the provider's: consoles may wait for it. */
export async function applyOperation(
  session: Session,
  parameters: Exclude<VirtualBoxParameters, { readonly kind: 'start' }>,
  request: MachineRequest,
  call: Call,
): Promise<Outputs> {
  const { ref } = request
  if (parameters.kind === 'machine') return { folder: (await claim(session, parameters, request, call)).folder }
  if (parameters.kind === 'medium') return { place: await attachMedium(session, ref, request.installer, call) }
  switch (parameters.kind) {
    case 'secure-boot':
      if (!(await isSecureBootWhole(await requireMachine(session, ref, call))))
        await all(session, secureBoot(ref.id), `switch Secure Boot of ${ref.name} on`, call)
      break
    case 'drives':
      await applyDrives(session, await requireDescribed(session, ref, call), parameters.diskCount, call)
      break
    case 'disk':
      await applyDisk(session, await requireDescribed(session, ref, call), parameters, call)
      break
  }
  return {}
}

async function all(session: Session, calls: readonly Arguments[], action: string, call: Call): Promise<void> {
  for (const args of calls) await session.manage(args, { action }, call)
}

/** Each step that an interrupted run left out. */
export async function applyDrives(
  session: Session,
  { ref, settings }: DescribedMachine,
  diskCount: number,
  call: Call,
): Promise<void> {
  const { hasController, drives } = settings.hardware
  const [makeController, putSeedDrive] = addDrives(ref.id, diskCount)
  const action = `put an optical drive into ${ref.name}`
  if (!hasController) await session.manage(makeController, { action }, call)
  if (!drives.some(({ port }) => port === opticalPorts.seed)) await session.manage(putSeedDrive, { action }, call)
}

async function applyDisk(
  session: Session,
  { ref, folder, settings }: DescribedMachine,
  { index, sizeBytes }: DiskParameters,
  call: Call,
): Promise<void> {
  if (settings.hardware.disks.some(({ port }) => port === diskPort(index))) return
  const file = path.join(folder, diskFile(index))
  const action = `make disk ${String(index)} of ${ref.name}`
  // An interrupted run made it; nothing is on it yet.
  if (!(await isThere(file))) await session.manage(createDisk(file, sizeBytes), { action, timeoutMs: 600_000 }, call)
  await session.manage(attachDisk(ref.id, index, file), { action }, call)
}
