/** What a host with VirtualBox says, for tests of plans. */
import { capabilitiesOf } from '../../providers/virtualbox/capabilities.ts'
import { idPlace, type VirtualBoxNative } from '../../providers/virtualbox/facts.ts'
import type { Facts } from '../../src/provider/contract.ts'

const native: VirtualBoxNative = {
  release: 702,
  platform: 'linux',
  machineFolder: "/home/me/Müller's VMs",
  osTypes: { x86_64: 'Fedora_64', aarch64: 'Fedora_arm64' },
  serialPath: `/run/me/${idPlace}/com1.sock`,
  bridges: ['eth0'],
  hostOnly: ['vboxnet0'],
  limits: { memoryMiB: 2_097_152, cpus: 64 },
}

/** Of a host with one bridge and one host-only network. */
export function factsOfVirtualBox(change: Partial<VirtualBoxNative> = {}): Facts {
  return {
    provider: 'virtualbox',
    host: 'local',
    isReady: true,
    isAssumed: false,
    versions: {},
    capabilities: capabilitiesOf('x86_64', (change.hostOnly ?? native.hostOnly).length > 0),
    findings: [],
    native: { ...native, ...change },
  }
}
