/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
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
import { diskSize } from './disk-file.ts'
import { cardsOf, disksOf, infoOf, installerOf } from './info.ts'
import { isOffState, stateById } from './machine-state.ts'
import { findMachine, type FoundMachine } from './machines.ts'
import { isSamePath, pathsOf } from './names.ts'
import type { MachineParameters, VmwareParameters } from './parameters.ts'
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
      return observedKeys(await machineKeys(session, parameters, request, machine, call))
    case 'disk':
      return await observeDisk(session, parameters, machine)
    case 'medium':
      return observedPresence(installerOf(machine) !== undefined)
    case 'start':
      return observedPresence(!isOffState(await stateById(session, request.ref, call)))
  }
}

async function machineKeys(
  session: Session,
  { root, shape }: MachineParameters,
  request: MachineRequest,
  machine: FoundMachine,
  call: Call,
): Promise<readonly ComparedKey[]> {
  const { spec, ref } = request
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
    ...comparedCards(request, shape.networks, cardsOf(machine)),
  ]
}

async function observeDisk(
  session: Session,
  { index, sizeBytes }: DiskParameters,
  machine: FoundMachine,
): Promise<Observation> {
  const file = disksOf(session, machine)[index]
  const found = file === undefined ? 0 : await diskSize(file)
  if (found === 0) return { is: 'missing' }
  return observedKeys([comparedDisk(index, sizeBytes, found)])
}
