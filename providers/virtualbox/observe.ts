/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import path from 'node:path'
import { formatBytes } from '../../src/format-bytes.ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import {
  comparedCards,
  comparedDisk,
  observedKeys,
  observedPresence,
  type ComparedKey,
} from '../../src/provider/observation.ts'
import type { DiskParameters } from '../../src/provider/operations.ts'
import { isSecureBootWhole } from './firmware-variables.ts'
import { disksOf, imageIn, powerState } from './info.ts'
import { findMachine, isOwn, type FoundMachine } from './machines.ts'
import { virtualBoxMark } from './mark-text.ts'
import { diskPort, opticalPorts, runsFolder } from './names.ts'
import type { MachineParameters, VirtualBoxParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { readVdiHeader } from './vdi-header.ts'

export async function observeOperation(
  session: Session,
  parameters: VirtualBoxParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  const machine = await findMachine(session, request.ref, call)
  if (!machine) return { is: 'missing' }
  switch (parameters.kind) {
    case 'machine':
      return isOwn(machine) ? observedKeys(machineKeys(parameters, request, machine)) : { is: 'missing' }
    case 'secure-boot':
      return observedPresence(await isSecureBootWhole(machine))
    case 'drives':
      return observedPresence(hasDrive(machine, opticalPorts.seed))
    case 'disk':
      return await observeDisk(parameters, machine)
    case 'medium':
      return observedPresence(imageIn(machine, opticalPorts.installer) !== undefined)
    case 'start':
      return observedPresence(powerState(machine.state) !== 'off')
  }
}

function hasDrive({ settings }: FoundMachine, wanted: number): boolean {
  return settings.hardware.drives.some(({ port }) => port === wanted)
}

function machineKeys(
  wanted: MachineParameters,
  request: MachineRequest,
  machine: FoundMachine,
): readonly ComparedKey[] {
  const { hardware } = machine.settings
  const { firmware } = request.spec.machine
  // Two folders above: VirtualBox's for the group, and ours for all groups.
  const root = path.resolve(machine.folder, '..', '..', '..')
  const place: readonly ComparedKey[] =
    wanted.baseFolder === undefined || runsFolder(path.resolve(wanted.baseFolder)) === runsFolder(root)
      ? []
      : [['storage.path', wanted.baseFolder, root]]
  return [
    ...place,
    ['machine.cpus', wanted.cpus, hardware.cpus],
    ['machine.memory', formatBytes(wanted.memoryBytes), formatBytes(hardware.memoryBytes)],
    ['machine.firmware.secureBoot', firmware.secureBoot === true, machine.secureBoot],
    ['machine.firmware.tpm', wanted.tpm, hardware.tpm],
    ['machine.nestedVirtualization', wanted.isNested, hardware.isNested],
    ...cardKeys(wanted, request, machine),
  ]
}

function cardKeys(
  { cards, forwards }: MachineParameters,
  request: MachineRequest,
  { mark, settings }: FoundMachine,
): readonly ComparedKey[] {
  const made = mark === undefined ? undefined : virtualBoxMark(mark)
  const found = settings.hardware.cards.map(({ mac }, index) => ({ mode: made?.networkModes[index] ?? 'unknown', mac }))
  return [
    ...comparedCards(request, cards, found),
    ...found.map((_, index): ComparedKey => {
      const key = `machine.networks[${String(index)}].forward`
      return [key, forwardText(forwards, index), forwardText(made?.forwards ?? [], index)]
    }),
  ]
}

function forwardText(forwards: MachineParameters['forwards'], card: number): string {
  return forwards
    .filter(({ network }) => network === card)
    .map(({ hostPort, guestPort }) => `${hostPort === 0 ? 'any' : String(hostPort)} to ${String(guestPort)}`)
    .join(', ')
}

async function observeDisk({ index, sizeBytes }: DiskParameters, machine: FoundMachine): Promise<Observation> {
  const disk = disksOf(machine).find(({ port }) => port === diskPort(index))
  if (!disk) return { is: 'missing' }
  const found = (await readVdiHeader(disk.file))?.sizeBytes ?? 0
  return observedKeys([comparedDisk(index, sizeBytes, found)])
}
