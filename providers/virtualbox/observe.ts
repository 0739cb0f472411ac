/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import path from 'node:path'
import { formatBytes } from '../../src/format-bytes.ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { vdiSize } from './disk-size.ts'
import { disksOf, imageIn, powerState } from './info.ts'
import { findMachine, isOwn, type FoundMachine } from './machines.ts'
import { virtualBoxMark } from './mark-text.ts'
import { diskPort, opticalPorts, runsFolder } from './names.ts'
import type { DiskParameters, MachineParameters, VirtualBoxParameters } from './parameters.ts'
import type { Session } from './session.ts'

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
      return isOwn(machine) ? different(machinePairs(parameters, request, machine)) : { is: 'missing' }
    case 'secure-boot':
      return present(machine.secureBoot)
    case 'drives':
      return present(Object.values(opticalPorts).every((port) => hasDrive(machine, port)))
    case 'disk':
      return await observeDisk(parameters, machine)
    case 'medium':
      return present(imageIn(machine, opticalPorts.installer) !== undefined)
    case 'start':
      return present(powerState(machine.state) !== 'off')
  }
}

function hasDrive({ settings }: FoundMachine, wanted: number): boolean {
  return settings.hardware.drives.some(({ port }) => port === wanted)
}

function present(is: boolean): Observation {
  return { is: is ? 'done' : 'missing' }
}

type Pair = readonly [key: string, wanted: unknown, found: unknown]

function different(pairs: readonly Pair[]): Observation {
  const differences = pairs
    .filter(([, wanted, found]) => wanted !== found)
    .map(([key, wanted, found]) => ({ key, wanted: String(wanted), found: String(found) }))
  return differences.length === 0 ? { is: 'done' } : { is: 'different', differences }
}

function machinePairs(wanted: MachineParameters, { spec }: MachineRequest, machine: FoundMachine): readonly Pair[] {
  const { hardware } = machine.settings
  // Two folders above: VirtualBox's for the group, and ours for all groups.
  const root = path.resolve(machine.folder, '..', '..', '..')
  const place: readonly Pair[] =
    wanted.baseFolder === undefined || runsFolder(path.resolve(wanted.baseFolder)) === runsFolder(root)
      ? []
      : [['storage.path', wanted.baseFolder, root]]
  return [
    ...place,
    ['machine.cpus', wanted.cpus, hardware.cpus],
    ['machine.memory', formatBytes(wanted.memoryBytes), formatBytes(hardware.memoryBytes)],
    ['machine.firmware.secureBoot', spec.machine.firmware.secureBoot === true, machine.secureBoot],
    ['machine.firmware.tpm', wanted.tpm, hardware.tpm],
    ['machine.nestedVirtualization', wanted.isNested, hardware.isNested],
    ...cardPairs(wanted, spec.machine.networks, machine),
  ]
}

function cardPairs(
  { cards, forwards }: MachineParameters,
  networks: MachineRequest['spec']['machine']['networks'],
  { mark, settings }: FoundMachine,
): readonly Pair[] {
  const made = mark === undefined ? undefined : virtualBoxMark(mark)
  const { cards: found } = settings.hardware
  return [
    ['machine.networks', countOf(cards.length), countOf(found.length)],
    ...cards.flatMap(({ mode, mac }, index): readonly Pair[] => {
      const card = found[index]
      if (!card) return []
      const key = `machine.networks[${String(index)}]`
      const rules = (of: typeof forwards): string =>
        of
          .filter(({ network }) => network === index)
          .map(({ hostPort, guestPort }) => `${hostPort === 0 ? 'any' : String(hostPort)} to ${String(guestPort)}`)
          .join(', ')
      return [
        [`${key}.mode`, mode, made?.networkModes[index] ?? 'unknown'],
        ...(networks[index]?.mac === 'auto' ? [] : [[`${key}.mac`, mac, card.mac] as const]),
        [`${key}.forward`, rules(forwards), rules(made?.forwards ?? [])],
      ]
    }),
  ]
}

function countOf(count: number): string {
  return `${String(count)} network card${count === 1 ? '' : 's'}`
}

async function observeDisk({ index, sizeBytes }: DiskParameters, machine: FoundMachine): Promise<Observation> {
  const disk = disksOf(machine).find(({ port }) => port === diskPort(index))
  if (!disk) return { is: 'missing' }
  const found = (await vdiSize(disk.file)) ?? 0
  return different([[`machine.disks[${String(index)}].size`, formatBytes(sizeBytes), formatBytes(found)]])
}
