import { absentMachine } from '../../src/provider/absent-machine.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineInfo, MachineNetwork, MachineRef, PowerState } from '../../src/provider/machine.ts'
import { architectureOf } from './facts.ts'
import { findMachine, type FoundMachine, type MachineConfig } from './machines.ts'
import { opticalLocations } from './names.ts'
import { adaptersInMark, sharedNetworksOf } from './network-cards.ts'
import { leasesOf, type Lease } from './shared-networks.ts'
import type { Session } from './session.ts'

/** A machine in the words of the contract; one that is not there, or gone meanwhile: absent. */
export async function infoOf(session: Session, ref: MachineRef, call: Call): Promise<MachineInfo> {
  const machine = await findMachine(session, ref, call)
  if (!machine) return absentMachine(ref)
  const isSharing = sharedNetworksOf(adaptersInMark(machine.mark)).length > 0
  const leases = isSharing ? await leasesOf(session, machine.vmId, call) : []
  return neutral(machine, leases, architectureOf(await session.hello(call)))
}

function neutral(
  { ref, mark, config }: FoundMachine<MachineConfig>,
  leases: readonly Lease[],
  architecture: string,
): MachineInfo {
  const installer = config.optical.find(({ location }) => location === opticalLocations.installer)
  return {
    ref,
    state: powerState(config.state),
    reason: reasonText(config.state, config.status),
    mark,
    acceleration: 'hardware',
    architecture,
    cpus: config.processors,
    memoryBytes: config.memoryBytes,
    disks: config.disks.map(({ path, sizeBytes }) => ({ where: path, sizeBytes })),
    secureBoot: config.secureBoot === 'On',
    tpm: config.isTpmOn,
    hasSystemPort: false,
    networks: config.networks.map(({ mac }, index) => ({
      mode: networkModes(mark?.provider['networkModes'])[index] ?? 'unknown',
      mac: macWithColons(mac),
      ...reservedFor(mac, leases),
    })),
    installer: installer === undefined || installer.path === '' ? undefined : installer.path,
  }
}

function reservedFor(wanted: string, leases: readonly Lease[]): Pick<MachineNetwork, 'reserved'> {
  const lease = leases.find(({ mac }) => mac === wanted)
  if (!lease) return {}
  const { mac: _, ...reserved } = lease
  return { reserved }
}

function networkModes(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** `00155D010203` as `00:15:5d:01:02:03`. */
export function macWithColons(mac: string): string {
  return (mac.match(/../g) ?? []).join(':').toLowerCase()
}

/** A disk that is full or gone stops a machine: the state says so, and the rest of its name is the state it had. */
const criticalPattern = /^(.+)Critical$/ // PausedCritical, RunningCritical

/** Hyper-V's states (VMState) as ours. */
export function powerState(state: string): PowerState {
  switch (criticalPattern.exec(state)?.[1] ?? state) {
    case 'Running':
      return 'running'
    case 'Off':
      return 'off'
    case 'Starting':
    case 'Resuming':
    case 'Reset':
      return 'starting'
    case 'Stopping':
    case 'Saving':
    case 'FastSaving':
      return 'stopping'
    case 'Paused':
    case 'Pausing':
      return 'paused'
    case 'Saved':
    case 'FastSaved':
    case 'Hibernated':
      return 'saved'
    default:
      return 'unknown'
  }
}

/** What Hyper-V says beside a state, where it tells a person more than the state. */
function reasonText(state: string, status: string): string {
  if (criticalPattern.test(state)) return `${status} (Hyper-V: ${state})`
  return powerState(state) === 'unknown' ? `Hyper-V: ${state}` : ''
}
