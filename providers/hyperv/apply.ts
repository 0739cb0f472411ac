/** Executes the operations that make a machine, each so that it can be done again. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { DiskParameters } from '../../src/provider/operations.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { isOfMachineThatIsOn } from './errors.ts'
import { requireBrief, requireVmId } from './machines.ts'
import { attachMedium } from './medium.ts'
import { opticalLocations, pipePath } from './names.ts'
import { makeSharedNetwork, setNetworkCards } from './networks.ts'
import { observeOperation } from './observe.ts'
import type { HyperVParameters, SettingsParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { ensurePrivateSwitch } from './switches.ts'

/** The claim and the start are the provider's: a recorder goes with them. */
export async function applyOperation(
  session: Session,
  parameters: Exclude<HyperVParameters, { readonly kind: 'machine' | 'start' }>,
  request: MachineRequest,
  call: Call,
): Promise<Outputs> {
  const { ref } = request
  if (parameters.kind === 'medium') return { place: await attachMedium(session, ref, request.installer, call) }
  if (parameters.kind === 'switch') {
    await ensurePrivateSwitch(session, parameters.name, call)
    return {}
  }
  if (parameters.kind === 'shared-network') {
    const { vmId } = await requireBrief(session, ref, call)
    return await makeSharedNetwork(session, vmId, parameters, call)
  }
  try {
    await setHardware(session, await requireVmId(session, ref, call), parameters, call)
  } catch (error) {
    // Interrupted while it was started: it was made whole before.
    if (!isOfMachineThatIsOn(error)) throw error
    if ((await observeOperation(session, parameters, request, call)).is !== 'done') throw error
  }
  return {}
}

async function setHardware(
  session: Session,
  vmId: string,
  parameters: Extract<HyperVParameters, { readonly kind: 'settings' | 'adapters' | 'disk' | 'drives' }>,
  call: Call,
): Promise<void> {
  switch (parameters.kind) {
    case 'settings':
      await applySettings(session, vmId, parameters, call)
      return
    case 'adapters':
      await setNetworkCards(session, vmId, parameters.adapters, call)
      return
    case 'disk':
      await applyDisk(session, vmId, parameters, call)
      return
    case 'drives':
      await applyDrives(session, vmId, call)
  }
}

async function change(
  session: Session,
  verb: string,
  vmId: string,
  args: Readonly<Record<string, unknown>>,
  call: Call,
): Promise<void> {
  await session.run(verb, { id: vmId, ...args }, { action: verb, schema: z.literal(true) }, call)
}

/** Two optical drives, and the boot order: the disks, then the installer's drive. */
export async function applyDrives(session: Session, vmId: string, call: Call): Promise<void> {
  const args = { locations: Object.values(opticalLocations), booted: opticalLocations.installer }
  await change(session, 'add-optical-drives', vmId, args, call)
}

export async function applySettings(
  session: Session,
  vmId: string,
  { memoryBytes, processors, isNested, secureBootTemplate, tpm }: SettingsParameters,
  call: Call,
): Promise<void> {
  const com1 = pipePath(vmId)
  const args = { memoryBytes, processors, nested: isNested, com1, template: secureBootTemplate, tpm }
  await change(session, 'set-vm', vmId, args, call)
}

async function applyDisk(
  session: Session,
  vmId: string,
  { index, path, sizeBytes }: DiskParameters,
  call: Call,
): Promise<void> {
  await change(session, 'add-disk', vmId, { path, sizeBytes, location: index }, call)
}
