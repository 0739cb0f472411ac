/** Plans of machines on VMware, for tests that read them. */
import { capabilitiesOf, type VmwareNative } from '../../providers/vmware/facts.ts'
import { makePlan } from '../../providers/vmware/plan.ts'
import type { Facts } from '../../src/provider/contract.ts'
import { kvmRequest, type RequestChange } from '../unit/kvm/kvm-request.ts'

const native: VmwareNative = {
  platform: 'linux',
  product: 'workstation',
  hostArchitecture: 'x86_64',
  hardwareVersion: 21,
  root: '/home/me/vmware',
  tools: { vmrun: 'vmrun', diskManager: 'vmware-vdiskmanager', vmcli: 'vmcli', window: 'vmware' },
}

const factsOf = (change: Partial<VmwareNative>): Facts => ({
  provider: 'vmware',
  host: 'local',
  isReady: true,
  isAssumed: false,
  versions: {},
  capabilities: capabilitiesOf(native),
  findings: [],
  native: { ...native, ...change },
})

/** What `scriptText` and `planText` take. */
export function vmwarePlan(change: RequestChange, host: Partial<VmwareNative> = {}) {
  const made = kvmRequest(change)
  const facts = factsOf(host)
  const request = { ...made, isHostNetworkAllowed: false }
  return { host: 'local', facts, request, plan: makePlan(request, facts) }
}
