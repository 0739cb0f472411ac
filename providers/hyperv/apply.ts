/** Executes the operations that make a machine, each so that it can be done again. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { claim } from './claim.ts'
import { powerState } from './info.ts'
import { requireBrief } from './machines.ts'
import { attachMedium } from './medium.ts'
import { opticalLocations, pipePath } from './names.ts'
import { makeSharedNetwork, setNetworkCards } from './networks.ts'
import { observeOperation } from './observe.ts'
import type { DiskParameters, HyperVParameters, SettingsParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { ensurePrivateSwitch } from './switches.ts'

/** Those of `start` are the provider's: consoles may wait for it. */
export async function applyOperation(
  session: Session,
  parameters: Exclude<HyperVParameters, { readonly kind: 'start' }>,
  request: MachineRequest,
  call: Call,
): Promise<Outputs> {
  const { ref } = request
  if (parameters.kind === 'machine') return { 'vm-id': await claim(session, parameters, request, call) }
  if (parameters.kind === 'medium') return { place: await attachMedium(session, ref, request.installer, call) }
  if (parameters.kind === 'switch') {
    await ensurePrivateSwitch(session, parameters.name, call)
    return {}
  }
  const { vmId, config } = await requireBrief(session, ref, call)
  if (parameters.kind === 'shared-network') return await makeSharedNetwork(session, vmId, parameters, call)
  // Interrupted while it was started: it was made whole before, and Hyper-V sets no hardware of a machine that is on.
  const isOn = powerState(config.state) !== 'off'
  if (isOn && (await observeOperation(session, parameters, request, call)).is === 'done') return {}
  switch (parameters.kind) {
    case 'settings':
      await applySettings(session, vmId, parameters, call)
      break
    case 'adapters':
      await setNetworkCards(session, vmId, parameters.adapters, call)
      break
    case 'disk':
      await applyDisk(session, vmId, parameters, call)
      break
    case 'drives':
      await applyDrives(session, vmId, call)
      break
  }
  return {}
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
  await change(session, 'add-optical-drives', vmId, { locations: Object.values(opticalLocations) }, call)
  await change(session, 'set-boot-order', vmId, { location: opticalLocations.installer }, call)
}

export async function applySettings(
  session: Session,
  vmId: string,
  { memoryBytes, processors, isNested, secureBootTemplate, tpm }: SettingsParameters,
  call: Call,
): Promise<void> {
  const args = { memoryBytes, processors, nested: isNested, com1: pipePath(vmId) }
  await change(session, 'set-vm', vmId, args, call)
  await change(session, 'set-vm-firmware', vmId, { template: secureBootTemplate }, call)
  if (tpm) await change(session, 'enable-vm-tpm', vmId, {}, call)
}

async function applyDisk(
  session: Session,
  vmId: string,
  { index, path, sizeBytes }: DiskParameters,
  call: Call,
): Promise<void> {
  await change(session, 'add-disk', vmId, { path, sizeBytes, location: index }, call)
}
