/** The plan of one machine on VMware: pure, from the request and the facts. */
import { createHash } from 'node:crypto'
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import {
  attachInstaller,
  emptyPlan,
  makeDisks,
  operation,
  scriptLanguageOf,
  startMachine,
} from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { diagnose } from './diagnose.ts'
import { nativeOf, type VmwareNative } from './facts.ts'
import { machineVmx } from './machine-vmx.ts'
import { diskFile, machineFolder, pathsOf, serialPath, vmxFile } from './names.ts'
import type { CardShape, MachineParameters, MachineShape } from './parameters.ts'
import { withCommands } from './script.ts'

export function makePlan(request: MachineRequest, facts: Facts): Plan {
  const diagnostics = diagnose(request, facts)
  const native = nativeOf(facts)
  if (diagnostics.some(({ level }) => level === 'error'))
    return emptyPlan(diagnostics, scriptLanguageOf(native.platform))
  const machine = machineParameters(request, native)
  const { folder } = machine
  const operations = [
    makeMachine(machine),
    ...makeDisks(request, (index) => pathsOf(native.platform).join(folder, diskFile(index))),
    attachInstaller(request.installer.path),
    start(request),
  ]
  return {
    diagnostics,
    ...withCommands(operations, machine, request.installer.path, native),
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

function makeMachine(parameters: MachineParameters): Operation {
  const { name } = parameters.shape
  return operation(
    'define',
    `write the .vmx of ${name}, and give its folder the name`,
    { kind: 'machine', name },
    parameters,
    {
      undo: 'remove the machine and its folder',
      outputs: ['vmx'],
      native: { language: 'vmx', text: machineVmx(parameters.shape).toString().trimEnd() },
    },
  )
}

function start(request: MachineRequest): Operation {
  return { ...startMachine(request), title: `start ${request.ref.name}, without a window` }
}
