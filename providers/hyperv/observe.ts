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
import { macWithColons, powerState } from './info.ts'
import { findMachine, type FoundMachine, type MachineConfig } from './machines.ts'
import { isSameFolder, opticalLocations, pathsOf } from './names.ts'
import type { AdapterRule } from './network-cards.ts'
import type { HyperVParameters, MachineParameters, SettingsParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { hasSharedSwitch, hasSwitch } from './switches.ts'

export async function observeOperation(
  session: Session,
  parameters: HyperVParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  if (parameters.kind === 'switch') return observedPresence(await hasSwitch(session, parameters.name, call))
  const machine = await findMachine(session, request.ref, call)
  if (!machine) return { is: 'missing' }
  const { config } = machine
  switch (parameters.kind) {
    case 'machine':
      return observedKeys(await placeKeys(session, parameters, request, config, call))
    case 'settings':
      return observedKeys(settingsKeys(parameters, config))
    case 'shared-network':
      return observedPresence(await hasSharedSwitch(session, parameters.network, call))
    case 'adapters':
      return observedKeys(adapterKeys(parameters.adapters, request, machine))
    case 'disk':
      return observeDisk(parameters, config)
    case 'drives':
      return observedPresence(config.optical.length === Object.keys(opticalLocations).length)
    case 'medium':
      return observedPresence(installerOf(config) !== '')
    case 'start':
      return observedPresence(powerState(config.state) !== 'off')
  }
}

/** What is in the installer's drive; '' where it is empty. */
function installerOf({ optical }: MachineConfig): string {
  return optical.find(({ location }) => location === opticalLocations.installer)?.path ?? ''
}

/** Where its folder is, if the spec says it. */
async function placeKeys(
  session: Session,
  { root }: MachineParameters,
  { spec }: MachineRequest,
  config: MachineConfig,
  call: Call,
): Promise<readonly ComparedKey[]> {
  if (spec.storage.path === undefined) return []
  const host = await session.hello(call)
  const found = pathsOf(host).dirname(config.path)
  return isSameFolder(host, root, found) ? [] : [['storage.path', root, found]]
}

function settingsKeys(wanted: SettingsParameters, config: MachineConfig): readonly ComparedKey[] {
  const template = config.secureBoot === 'On' ? (config.secureBootTemplate ?? '') : ''
  const isSecureBoot = wanted.secureBootTemplate !== ''
  return [
    ['machine.cpus', wanted.processors, config.processors],
    ['machine.memory', formatBytes(wanted.memoryBytes), formatBytes(config.memoryBytes)],
    ['machine.firmware.secureBoot', isSecureBoot, config.secureBoot === 'On'],
    ...(isSecureBoot && config.secureBoot === 'On'
      ? [['hyperv.secureBootTemplate', wanted.secureBootTemplate, template] as const]
      : []),
    ['machine.firmware.tpm', wanted.tpm, config.isTpmOn],
    ['machine.nestedVirtualization', wanted.isNested, config.isNested],
  ]
}

function adapterKeys(
  rules: readonly AdapterRule[],
  request: MachineRequest,
  { mark, config }: FoundMachine<MachineConfig>,
): readonly ComparedKey[] {
  const modes: unknown = mark?.provider['networkModes']
  const found = config.networks.map(({ mac }, index) => ({
    mode: Array.isArray(modes) ? String(modes[index]) : 'unknown',
    mac: macWithColons(mac),
  }))
  return comparedCards(request, rules, found)
}

function observeDisk({ index, sizeBytes }: DiskParameters, config: MachineConfig): Observation {
  const disk = config.disks.find(({ location }) => location === index)
  if (!disk) return { is: 'missing' }
  return observedKeys([comparedDisk(index, sizeBytes, disk.sizeBytes)])
}
