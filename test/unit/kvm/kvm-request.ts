/** Requests and plans for unit tests of the KVM provider: everything in them is fixed, so that they can be compared. */
import { definition } from '../../../providers/kvm/index.ts'
import { kvmOptions } from '../../../providers/kvm/options.ts'
import type { KvmNative } from '../../../providers/kvm/facts.ts'
import type { Facts, Provider } from '../../../src/provider/contract.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import type { Plan } from '../../../src/provider/plan.ts'
import { buildSpecSchema } from '../../../src/spec/schema.ts'
import { providerContext } from '../../support/test-environment.ts'

export const runId = '5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11'
export const uuid = '0f6e2d4c-8b1a-4c3e-9f70-123456789abc'

export interface RequestChange {
  readonly name?: string
  readonly arch?: 'x86_64' | 'aarch64'
  readonly machine?: Readonly<Record<string, unknown>>
  readonly storage?: Readonly<Record<string, unknown>>
  readonly kvm?: Readonly<Record<string, unknown>>
}

export function kvmRequest(change: RequestChange = {}): MachineRequest {
  const { name = 'azl4', arch = 'x86_64', kvm, ...rest } = change
  const schema = buildSpecSchema({ providers: { kvm: kvmOptions } })
  const parsed = schema.parse({
    version: 1,
    name,
    source: { probe: { then: 'wait' } },
    ...rest,
    ...(kvm === undefined ? {} : { kvm }),
  })
  const spec = { ...parsed, arch } as MachineRequest['spec']
  const installer = { path: '/media/boot-probe.iso', sizeBytes: 212_992, sha256: 'a1b2c3d4e5f6'.padEnd(64, '0') }
  return {
    ref: { name, id: uuid },
    spec,
    options: kvm,
    architecture: arch,
    macs: spec.machine.networks.map((network, index) =>
      network.mac === 'auto' ? `52:54:00:00:00:0${String(index)}` : network.mac,
    ),
    installer,
    mark: {
      v: 1,
      tool: 'azl-vm 0.0.0-test',
      owner: '5f2c9a0112345678',
      runId,
      machineId: uuid,
      name,
      creator: { pid: 500, startTime: '8000', bootId: '9bd02c11'.padEnd(32, '0') },
      phase: 'creating',
      specDigest: 'd'.repeat(64),
      created: '2026-11-24T10:00:00.000Z',
      installer: { sha256: installer.sha256, fileName: 'boot-probe.iso' },
      provider: {},
    },
  }
}

export async function kvmProvider(host = 'qemu:///system'): Promise<Provider> {
  return await definition.open(host, providerContext())
}

/** Facts of a usual host: what a plan assumes where there is none, with changes. */
export async function kvmFacts(native: Partial<KvmNative> = {}, host = 'qemu:///system'): Promise<Facts> {
  const provider = await kvmProvider(host)
  const unread = { findings: [] } as unknown as Facts
  const facts = provider.assumedFacts(unread)
  return { ...facts, isAssumed: false, native: { ...facts.native, ...native } }
}

export async function kvmPlan(change: RequestChange = {}, native: Partial<KvmNative> = {}): Promise<Plan> {
  const provider = await kvmProvider()
  return provider.plan(kvmRequest(change), await kvmFacts(native))
}

/** The domain XML of a plan. */
export function domainXmlOf(plan: Plan): string {
  return plan.operations.find(({ id }) => id === 'define')?.native?.text ?? ''
}
