/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import { formatBytes } from '../../src/format-bytes.ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { macWithColons, powerState } from './info.ts'
import { findMachine, type FoundMachine, type MachineConfig } from './machines.ts'
import { opticalLocations, pathsOf } from './names.ts'
import type { AdapterRule } from './network-cards.ts'
import type { DiskParameters, HyperVParameters, MachineParameters, SettingsParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { hasSharedSwitch, hasSwitch } from './switches.ts'

export async function observeOperation(
  session: Session,
  parameters: HyperVParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  if (parameters.kind === 'switch') return present(await hasSwitch(session, parameters.name, call))
  const machine = await findMachine(session, request.ref, call)
  if (!machine) return { is: 'missing' }
  const { config } = machine
  switch (parameters.kind) {
    case 'machine':
      return different(await placePairs(session, parameters, request, config, call))
    case 'settings':
      return different(settingsPairs(parameters, config))
    case 'shared-network':
      return present(await hasSharedSwitch(session, parameters.network, call))
    case 'adapters':
      return different(adapterPairs(parameters.adapters, request, machine))
    case 'disk':
      return observeDisk(parameters, config)
    case 'drives':
      return present(config.optical.length === Object.keys(opticalLocations).length)
    case 'medium':
      return present(installerOf(config) !== '')
    case 'start':
      return present(powerState(config.state) !== 'off')
  }
}

/** What is in the installer's drive; '' where it is empty. */
function installerOf({ optical }: MachineConfig): string {
  return optical.find(({ location }) => location === opticalLocations.installer)?.path ?? ''
}

function present(isThere: boolean): Observation {
  return { is: isThere ? 'done' : 'missing' }
}

type Pair = readonly [key: string, wanted: unknown, found: unknown]

function different(pairs: readonly Pair[]): Observation {
  const differences = pairs
    .filter(([, wanted, found]) => wanted !== found)
    .map(([key, wanted, found]) => ({ key, wanted: String(wanted), found: String(found) }))
  return differences.length === 0 ? { is: 'done' } : { is: 'different', differences }
}

/** Where its folder is, if the spec says it. */
async function placePairs(
  session: Session,
  { root }: MachineParameters,
  { spec }: MachineRequest,
  config: MachineConfig,
  call: Call,
): Promise<readonly Pair[]> {
  if (spec.storage.path === undefined) return []
  const paths = pathsOf(await session.hello(call))
  const same = (folder: string): string => paths.normalize(folder).toLowerCase()
  const found = paths.dirname(config.path)
  return same(root) === same(found) ? [] : [['storage.path', root, found]]
}

function settingsPairs(wanted: SettingsParameters, config: MachineConfig): readonly Pair[] {
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

function adapterPairs(
  rules: readonly AdapterRule[],
  { spec }: MachineRequest,
  { mark, config }: FoundMachine<MachineConfig>,
): readonly Pair[] {
  const modes: unknown = mark?.provider['networkModes']
  return [
    ['machine.networks', countOf(rules.length), countOf(config.networks.length)],
    ...rules.flatMap(({ mode, mac }, index): readonly Pair[] => {
      const found = config.networks[index]
      if (!found) return []
      const key = `machine.networks[${String(index)}]`
      const isMinted = spec.machine.networks[index]?.mac === 'auto'
      return [
        [`${key}.mode`, mode, Array.isArray(modes) ? modes[index] : 'unknown'],
        ...(isMinted ? [] : [[`${key}.mac`, mac, macWithColons(found.mac)] as const]),
      ]
    }),
  ]
}

function countOf(count: number): string {
  return `${String(count)} network card${count === 1 ? '' : 's'}`
}

function observeDisk({ index, sizeBytes }: DiskParameters, config: MachineConfig): Observation {
  const disk = config.disks.find(({ location }) => location === index)
  if (!disk) return { is: 'missing' }
  return different([[`machine.disks[${String(index)}].size`, formatBytes(sizeBytes), formatBytes(disk.sizeBytes)]])
}
