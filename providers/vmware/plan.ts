/** The plan of one machine on VMware: pure, from the request and the facts. */
import { createHash } from 'node:crypto'
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { diagnose } from './diagnose.ts'
import { nativeOf, type VmwareNative } from './facts.ts'
import { machineVmx } from './machine-vmx.ts'
import { diskFile, machineFolder, pathsOf, serialPath, vmxFile } from './names.ts'
import type { CardShape, MachineParameters, MachineShape, VmwareParameters } from './parameters.ts'
import { byHand } from './script.ts'

export function makePlan(request: MachineRequest, facts: Facts): Plan {
  const diagnostics = diagnose(request, facts)
  const native = nativeOf(facts)
  const language = native.platform === 'win32' ? 'ps1' : 'sh'
  if (diagnostics.some(({ level }) => level === 'error'))
    return { diagnostics, operations: [], script: { language, prologue: [], epilogue: [] }, choices: [] }
  const machine = machineParameters(request, native)
  const { folder } = machine
  const operations = [
    makeMachine(machine),
    ...request.spec.machine.disks.map(({ size }, index) =>
      makeDisk(request, index, pathsOf(native.platform).join(folder, diskFile(index)), size),
    ),
    attachInstaller(request),
    start(request),
  ]
  return {
    diagnostics,
    ...byHand(operations, machine, request.installer.path, native),
    choices: [
      { label: 'firmware', value: 'UEFI' },
      { label: 'Secure Boot', value: machine.shape.secureBoot ? 'on' : 'off' },
      { label: 'virtual hardware', value: String(native.hardwareVersion) },
      { label: 'storage', value: folder },
      { label: 'medium', value: request.installer.path },
    ],
  }
}

function machineParameters(request: MachineRequest, native: VmwareNative): MachineParameters {
  const { ref, spec, architecture } = request
  const paths = pathsOf(native.platform)
  const root = spec.storage.path ?? native.root
  const folder = paths.join(root, machineFolder(ref.name))
  const { machine } = spec
  const shape: MachineShape = {
    name: ref.name,
    id: ref.id,
    architecture,
    hardwareVersion: native.hardwareVersion,
    cpus: machine.cpus,
    memoryBytes: machine.memory,
    isNested: machine.nestedVirtualization,
    secureBoot: machine.firmware.secureBoot === true,
    networks: cardsOf(request),
    disks: machine.disks.map((_, index) => diskFile(index)),
    serialPath: serialPath(native.platform, folder, ref.id),
  }
  return { kind: 'machine', root, folder, vmx: paths.join(folder, vmxFile(ref.name)), shape }
}

function cardsOf({ spec, macs, mark }: MachineRequest): readonly CardShape[] {
  return spec.machine.networks.map(({ mode }, index) => ({
    mode,
    mac: macs[index] ?? '',
    ...(mode === 'isolated' ? { segment: lanSegment(mark.runId, index) } : {}),
  }))
}

/** A LAN segment is there as soon as a machine names it; this one's name is nobody else's. */
export function lanSegment(runId: string, index: number): string {
  return createHash('sha256')
    .update(`${runId} ${String(index)}`)
    .digest('hex')
    .slice(0, 32)
}

function operation(
  id: string,
  title: string,
  object: Operation['object'],
  parameters: VmwareParameters,
  rest: Pick<Operation, 'undo'> & Partial<Pick<Operation, 'outputs' | 'native'>>,
): Operation {
  return { id, title, object, parameters: { ...parameters }, script: [], outputs: [], ...rest }
}

function makeMachine(parameters: MachineParameters): Operation {
  const { name } = parameters.shape
  return operation(
    'define',
    `write the .vmx of ${name}, marked, and give its folder the name`,
    { kind: 'machine', name },
    parameters,
    {
      undo: 'remove the machine and its folder',
      outputs: ['vmx'],
      native: { language: 'vmx', text: machineVmx(parameters.shape).toString() },
    },
  )
}

function makeDisk({ ref }: MachineRequest, index: number, path: string, sizeBytes: number): Operation {
  return operation(
    `disk-${String(index)}`,
    `make disk ${String(index)} of ${ref.name}`,
    { kind: 'disk', name: path },
    { kind: 'disk', index, path, sizeBytes },
    { undo: 'goes with the machine’s folder' },
  )
}

function attachInstaller({ installer }: MachineRequest): Operation {
  return operation(
    'attach-installer',
    'put the medium into the optical drive',
    { kind: 'medium', name: installer.path },
    { kind: 'medium', path: installer.path },
    { undo: 'eject it', outputs: ['place'] },
  )
}

function start({ ref }: MachineRequest): Operation {
  return operation(
    'start',
    `start ${ref.name}, without a window`,
    { kind: 'start', name: ref.name },
    { kind: 'start' },
    { undo: 'switch it off', outputs: ['acceleration'] },
  )
}
