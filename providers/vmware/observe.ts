/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import { formatBytes } from '../../src/format-bytes.ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { diskSize } from './disk-file.ts'
import { cardsOf, disksOf, infoOf, installerOf } from './info.ts'
import { isOffState, stateById } from './machine-state.ts'
import { findMachine, type FoundMachine } from './machines.ts'
import { isSamePath, pathsOf } from './names.ts'
import type { DiskParameters, MachineParameters, VmwareParameters } from './parameters.ts'
import type { Session } from './session.ts'

export async function observeOperation(
  session: Session,
  parameters: VmwareParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  const machine = await findMachine(session, request.ref, call)
  if (!machine) return { is: 'missing' }
  switch (parameters.kind) {
    case 'machine':
      return different(await machinePairs(session, parameters, request, machine, call))
    case 'disk':
      return await observeDisk(session, parameters, machine)
    case 'medium':
      return { is: installerOf(machine) === undefined ? 'missing' : 'done' }
    case 'start':
      return { is: isOffState(await stateById(session, request.ref, call)) ? 'missing' : 'done' }
  }
}

type Pair = readonly [key: string, wanted: unknown, found: unknown]

function different(pairs: readonly Pair[]): Observation {
  const differences = pairs
    .filter(([, wanted, found]) => wanted !== found)
    .map(([key, wanted, found]) => ({ key, wanted: String(wanted), found: String(found) }))
  return differences.length === 0 ? { is: 'done' } : { is: 'different', differences }
}

async function machinePairs(
  session: Session,
  { root, shape }: MachineParameters,
  { spec, ref }: MachineRequest,
  machine: FoundMachine,
  call: Call,
): Promise<readonly Pair[]> {
  const found = await infoOf(session, ref, call)
  const place = pathsOf(session.platform).dirname(machine.folder)
  const isElsewhere = spec.storage.path !== undefined && !isSamePath(place, root, session.platform)
  return [
    ...(isElsewhere ? [['storage.path', root, place] as const] : []),
    ['machine.cpus', shape.cpus, found.cpus],
    ['machine.memory', formatBytes(shape.memoryBytes), formatBytes(found.memoryBytes)],
    ['machine.firmware.secureBoot', shape.secureBoot, found.secureBoot],
    ['machine.firmware.tpm', spec.machine.firmware.tpm, found.tpm],
    ['machine.nestedVirtualization', shape.isNested, machine.vmx.isTrue('vhv.enable')],
    ...cardPairs(shape, spec, machine),
  ]
}

function cardPairs(
  { networks }: MachineParameters['shape'],
  spec: MachineRequest['spec'],
  machine: FoundMachine,
): readonly Pair[] {
  const cards = cardsOf(machine)
  return [
    ['machine.networks', countOf(networks.length), countOf(cards.length)],
    ...networks.flatMap(({ mode, mac }, index): readonly Pair[] => {
      const found = cards[index]
      if (!found) return []
      const key = `machine.networks[${String(index)}]`
      const isMinted = spec.machine.networks[index]?.mac === 'auto'
      return [[`${key}.mode`, mode, found.mode], ...(isMinted ? [] : [[`${key}.mac`, mac, found.mac] as const])]
    }),
  ]
}

function countOf(count: number): string {
  return `${String(count)} network card${count === 1 ? '' : 's'}`
}

async function observeDisk(
  session: Session,
  { index, sizeBytes }: DiskParameters,
  machine: FoundMachine,
): Promise<Observation> {
  const file = disksOf(session, machine)[index]
  const found = file === undefined ? 0 : await diskSize(file)
  if (found === 0) return { is: 'missing' }
  return different([[`machine.disks[${String(index)}].size`, formatBytes(sizeBytes), formatBytes(found)]])
}
