/** The plan of a machine in memory, and what of it differs from one that is there. */
import { formatBytes } from '../../src/format-bytes.ts'
import { guestCapabilities, type Capabilities } from '../../src/provider/capabilities.ts'
import type { Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { observedKeys } from '../../src/provider/observation.ts'
import type { Operation, PlanDiagnostic } from '../../src/provider/plan.ts'
import type { MemoryMachine } from './memory-machine.ts'

export const sshPort = 22

export interface Rule {
  readonly host: number | 'any'
  readonly guest: number
}

export function rulesFor(spec: MachineRequest['spec']): readonly Rule[] {
  const [nat] = spec.machine.networks.filter((network) => network.mode === 'nat')
  return nat ? [{ host: 'any', guest: sshPort }, ...nat.forward] : []
}

export function operationsOf(request: MachineRequest): readonly Operation[] {
  const { ref, spec, mark } = request
  const operation = (
    id: string,
    kind: string,
    name: string,
    parameters: Operation['parameters'] = {},
    outputs: readonly string[] = [],
  ): Operation => ({
    id,
    title: `${id} of ${ref.name}`,
    object: { kind, name },
    parameters,
    undo: `take ${id} back`,
    script: [],
    outputs,
  })
  return [
    operation('define', 'machine', ref.name, { cpus: spec.machine.cpus, memoryBytes: spec.machine.memory }),
    operation('pool', 'pool', 'pool'),
    ...spec.machine.disks.map(({ size }, index) =>
      operation(`disk-${String(index)}`, 'file', `${ref.name}.${mark.runId}.disk${String(index)}`, {
        index,
        sizeBytes: size,
      }),
    ),
    operation('attach-installer', 'medium', request.installer.path, {}, ['place']),
    operation('start', 'start', ref.name, {}, ['acceleration']),
    ...(rulesFor(spec).length === 0
      ? []
      : [
          operation(
            'forward',
            'forward',
            ref.name,
            {},
            rulesFor(spec).map(({ guest }) => `port-${String(guest)}`),
          ),
        ]),
  ]
}

export function diagnose(request: MachineRequest, capabilities: Capabilities): readonly PlanDiagnostic[] {
  const { machine } = request.spec
  const guest = guestCapabilities(capabilities, request.architecture)
  const refuse = (isRefused: boolean, message: string, ...path: PlanDiagnostic['path']): readonly PlanDiagnostic[] =>
    isRefused ? [{ level: 'error', path, code: 'not-supported', message }] : []
  return [
    ...refuse(!capabilities.architectures.includes(request.architecture), 'no such guests', 'arch'),
    ...refuse(
      machine.firmware.secureBoot === true && !guest.secureBoot,
      'no Secure Boot',
      'machine',
      'firmware',
      'secureBoot',
    ),
    ...refuse(machine.firmware.tpm && !guest.tpm, 'no TPM', 'machine', 'firmware', 'tpm'),
    ...machine.networks.flatMap(({ mode }, index) =>
      refuse(!capabilities.networkModes.includes(mode), `no ${mode}`, 'machine', 'networks', index, 'mode'),
    ),
  ]
}

export function compared({ config }: MemoryMachine, request: MachineRequest): Observation {
  const { machine } = request.spec
  const modes = (list: readonly { readonly mode: string }[]): string => list.map(({ mode }) => mode).join(', ')
  return observedKeys([
    ['machine.cpus', machine.cpus, config.cpus],
    ['machine.memory', formatBytes(machine.memory), formatBytes(config.memoryBytes)],
    ['machine.firmware.secureBoot', machine.firmware.secureBoot === true, config.secureBoot],
    ['machine.firmware.tpm', machine.firmware.tpm, config.tpm],
    ['machine.networks', modes(machine.networks), modes(config.networks)],
  ])
}
