import { isNoDomain, type Domain, type DomainState } from 'libvirt-ts'
import { absentMachine } from '../../src/provider/absent-machine.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineInfo, MachineRef, PowerState } from '../../src/provider/machine.ts'
import type { DomainConfig } from './domain-config.ts'
import { signalOf, type Session } from './session.ts'

/** A domain in the words of the contract; undefined, or gone meanwhile: absent. */
export async function infoOf(
  session: Session,
  ref: MachineRef,
  domain: Domain | undefined,
  call: Call,
): Promise<MachineInfo> {
  if (!domain) return absentMachine(ref)
  return await session.run(`inspect ${ref.name}`, call, async () => {
    try {
      const [xml, state] = await Promise.all([
        domain.xml({ ...signalOf(call), inactive: true }),
        domain.state(signalOf(call)),
      ])
      const config = session.parse(xml)
      return {
        ...neutral(config, await diskSizes(domain, config, call)),
        state: powerState(state),
        reason: reasonText(state.reason),
      }
    } catch (error) {
      if (isNoDomain(error)) return absentMachine(ref)
      throw error
    }
  })
}

async function diskSizes(domain: Domain, config: DomainConfig, call: Call): Promise<MachineInfo['disks']> {
  return await Promise.all(
    config.disks.map(async ({ target, path }) => {
      // A disk that was not made yet, or was deleted by hand, has no size.
      const info = await domain.blockInfo(target, signalOf(call)).catch(() => undefined)
      return { where: path, sizeBytes: info?.capacityBytes ?? 0 }
    }),
  )
}

function neutral(config: DomainConfig, disks: MachineInfo['disks']): Omit<MachineInfo, 'state' | 'reason'> {
  const { ref, mark, acceleration, architecture, cpus, memoryBytes, secureBoot, tpm, hasSystemPort, networks } = config
  const { installer } = config
  return {
    ...{ ref, mark, acceleration, architecture, cpus, memoryBytes, disks, secureBoot, tpm, hasSystemPort, networks },
    installer,
  }
}

/** libvirt's reason for a state where it tells a person more than the state; its own word sounds worse than it is. */
function reasonText(reason: DomainState['reason']): string {
  switch (reason) {
    case 'destroyed':
      return 'switched off, not by the guest'
    case 'shutdown':
      return 'the guest switched itself off'
    case 'unknown':
    case 'booted':
    case 'unpaused':
    case 'restored':
    case 'from-snapshot':
    case 'daemon':
      return ''
    default:
      return String(reason)
  }
}

/** libvirt's states (virDomainState) as ours. A number is a state that this version has no name for. */
export function powerState({ state, reason }: DomainState): PowerState {
  switch (state) {
    case 'running':
    case 'blocked':
      return 'running'
    case 'paused':
    case 'pm-suspended':
      return 'paused'
    case 'shutdown':
      return 'stopping'
    case 'shut-off':
      return reason === 'saved' ? 'saved' : 'off'
    case 'crashed':
      return 'crashed'
    default:
      return 'unknown'
  }
}
