import { expect, test } from 'vitest'
import { capabilitiesOf, type VmwareNative } from '../../../providers/vmware/facts.ts'
import { makePlan } from '../../../providers/vmware/plan.ts'
import { scriptText } from '../../../src/commands/emit-script.ts'
import { planText } from '../../../src/commands/plan-text.ts'
import type { Facts } from '../../../src/provider/contract.ts'
import { kvmRequest, type RequestChange } from '../kvm/kvm-request.ts'

const native: VmwareNative = {
  platform: 'linux',
  product: 'workstation',
  hostArchitecture: 'x86_64',
  hardwareVersion: 21,
  root: '/home/me/vmware',
  tools: { vmrun: 'vmrun', diskManager: 'vmware-vdiskmanager', vmcli: 'vmcli', window: 'vmware' },
}

const facts: Facts = {
  provider: 'vmware',
  host: 'local',
  isReady: true,
  isAssumed: false,
  versions: {},
  capabilities: capabilitiesOf(native),
  findings: [],
  native: { ...native },
}

const planOf = (change: RequestChange) => {
  const made = kvmRequest(change)
  const request = { ...made, isHostNetworkAllowed: false }
  return { host: 'local', facts, request, plan: makePlan(request, facts) }
}

test('more processors or memory than VMware gives any guest is said at its key', () => {
  const said = (machine: NonNullable<RequestChange['machine']>) =>
    planOf({ machine }).plan.diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)
  expect(said({ cpus: 32, memory: '128GiB' })).toEqual([])
  expect(said({ cpus: 33, memory: '131076MiB' })).toEqual([
    'machine.cpus: spec-invalid',
    'machine.memory: spec-invalid',
  ])
})

test('each operation that calls a tool shows the call, and no line of the plan is empty behind its bar', () => {
  const medium = {
    medium: { path: '/media/probe.iso', sizeBytes: 1, sha256: 'a'.repeat(64) },
    trust: 'own',
    volumeLabel: '',
  } as const
  const planned = { ...planOf({ machine: { disks: [{ size: '64MiB' }] } }), provider: 'vmware', passedOver: [] }
  const text = planText({ ...planned, medium, existing: [] })
  expect(text).not.toMatch(/\| *$/m)
  const folder = '/home/me/vmware/azl4.azl-vm'
  expect(text).toContain(`| vmware-vdiskmanager -c -s 64MB -a lsilogic -t 0 ${folder}/disk0.vmdk\n`)
  expect(text).toContain(`| vmrun -T ws start ${folder}/azl4.vmx nogui\n`)
})

test('the script that sets no mark speaks of none', () => {
  const script = scriptText(planOf({}), { file: 'azl4.yaml' })
  expect(script).toContain('It sets no mark')
  expect(script).not.toContain('marked')
})
