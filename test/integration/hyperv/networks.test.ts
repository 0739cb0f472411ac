/** Each network shape on the simulated host: planned, made, used by a second machine, taken back. No machine starts. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import { hypervOptions } from '../../../providers/hyperv/options.ts'
import type { Facts, Provider } from '../../../src/provider/contract.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import type { Outputs } from '../../../src/provider/plan.ts'
import { buildSpecSchema } from '../../../src/spec/schema.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'
import { exists } from '../../support/tool-world.ts'

const unavailable = await missingForSimulator()

interface Asked {
  readonly networks: readonly Readonly<Record<string, unknown>>[]
  readonly hyperv?: Readonly<Record<string, unknown>>
  readonly isHostNetworkAllowed?: boolean
}

let runs = 0

function requestFor(name: string, { networks, hyperv = {}, isHostNetworkAllowed = false }: Asked): MachineRequest {
  runs += 1
  const schema = buildSpecSchema({ providers: { hyperv: hypervOptions } })
  const parsed = schema.parse({ version: 1, name, source: { probe: {} }, machine: { networks, disks: [] }, hyperv })
  const spec = { ...parsed, arch: 'x86_64' } as MachineRequest['spec']
  const id = randomUUID()
  const installer = { path: '/none.iso', sizeBytes: 1, sha256: 'a'.repeat(64) }
  return {
    ref: { name, id },
    spec,
    options: hyperv,
    architecture: 'x86_64',
    macs: networks.map((_, index) => `00:15:5d:00:0${String(runs)}:0${String(index)}`),
    installer,
    isHostNetworkAllowed,
    mark: {
      v: 1,
      tool: 'azl-vm 0.0.0-test',
      owner: '5f2c9a0112345678',
      runId: `5f2c9a01-m3k2p9x${String(runs)}-1f4-4x2k9-9bd02c11`,
      machineId: id,
      name,
      creator: { pid: 500, startTime: '8000', bootId: '9bd02c11'.padEnd(32, '0') },
      phase: 'creating',
      specDigest: 'd'.repeat(64),
      created: '2026-11-24T10:00:00.000Z',
      installer: { sha256: installer.sha256, fileName: 'none.iso' },
      provider: {},
    },
  }
}

describeWhere('networks', unavailable, () => {
  let simulator: HyperVSimulator
  let provider: Provider

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    provider = await definition.open('local', providerContext({ env: simulator.env }))
  })
  afterAll(async () => {
    await provider.close()
    await simulator.stop()
  })

  const isOfNetworks = (kind: string): boolean => ['machine', 'switch', 'network cards'].includes(kind)

  async function make(request: MachineRequest, facts: Facts): Promise<Outputs> {
    let outputs: Outputs = {}
    const { operations } = provider.plan(request, facts)
    for (const operation of operations.filter(({ object }) => isOfNetworks(object.kind)))
      outputs = { ...outputs, ...(await provider.apply(operation, request, testCall())) }
    return outputs
  }

  async function undo(request: MachineRequest, facts: Facts): Promise<void> {
    const { operations } = provider.plan(request, facts)
    for (const operation of operations.filter(({ object }) => isOfNetworks(object.kind)).toReversed())
      await provider.undo(operation, request, testCall())
  }

  /** What the host has besides what was there at first, and what the machines' cards are on. */
  async function state(): Promise<readonly string[]> {
    const { stdout } = await simulator.run(
      [
        String.raw`Hyper-V\Get-VMSwitch | ForEach-Object { 'switch ' + $_.Name + ' ' + $_.SwitchType }`,
        String.raw`Hyper-V\Get-VM | ForEach-Object { $vm = $_; $_.NetworkAdapters | ForEach-Object { 'card ' + $vm.Name + ' ' + $_.SwitchName + ' ' + $_.VlanSetting.AccessVlanId } }`,
        String.raw`NetNat\Get-NetNat | ForEach-Object { 'nat ' + $_.Name + ' ' + $_.InternalIPInterfaceAddressPrefix }`,
      ].join('\n'),
    )
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** What the host keeps of the networks that machines share. */
  const listOf = (file: string): string => join(simulator.env['ProgramData'] ?? '', 'azl-vm', file)

  const problems = (request: MachineRequest, facts: Facts, level: string): readonly string[] =>
    provider
      .plan(request, facts)
      .diagnostics.filter((each) => each.level === level)
      .map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)

  test('nat is the Default Switch by its id, whatever its name; isolated a switch of the machine; both are gone after', async () => {
    await simulator.setKnobs({ localized: true })
    const request = requestFor('one', { networks: [{ mode: 'nat' }, { mode: 'isolated' }] })
    const facts = await provider.facts(testCall())
    await make(request, facts)
    const own = `azl-vm-${request.mark.runId}-1`
    expect(await state()).toEqual([
      `switch ${own} Private`,
      'switch Standardswitch Internal',
      'card one Standardswitch 0',
      `card one ${own} 0`,
    ])
    await undo(request, facts)
    expect(await provider.destroy(request.ref, testCall())).toEqual({ removed: [], kept: [] })
    expect(await provider.removeUnusedShared(testCall())).toEqual([])
    expect(await state()).toEqual(['switch Standardswitch Internal'])
    // The list of who shares networks concerns none of this: nobody needs rights on it.
    expect(await exists(listOf('')), 'the list’s folder').toBeUndefined()
  })

  test('bridged is the only external switch, or the one that is named, with its VLAN', async () => {
    await simulator.setKnobs({ server: true })
    const asked = { networks: [{ mode: 'bridged' }], hyperv: { vlan: 42 } }
    const none = await provider.facts(testCall())
    expect(problems(requestFor('two', { networks: asked.networks }), none, 'error')).toEqual([
      'host-not-ready machine.networks.0.mode: mode bridged needs a switch that leads outside, and this host has none',
    ])
    await simulator.setKnobs({ server: true, externalSwitches: ['LAN'] })
    const request = requestFor('two', asked)
    const facts = await provider.facts(testCall())
    await make(request, facts)
    expect(await state()).toEqual(['switch LAN External', 'card two LAN 42'])
    await undo(request, facts)
    await simulator.setKnobs({ server: true, externalSwitches: ['LAN', 'WAN'] })
    const both = await provider.facts(testCall())
    expect(problems(requestFor('two', asked), both, 'error')).toEqual([
      'not-supported machine.networks.0.mode: this host has several switches that lead outside: LAN, WAN',
    ])
    const named = requestFor('two', { ...asked, hyperv: { switch: 'wan' } })
    await make(named, both)
    expect(await state()).toEqual(['switch LAN External', 'switch WAN External', 'card two WAN 0'])
    await undo(named, both)
    expect(problems(requestFor('two', { ...asked, hyperv: { switch: 'x' } }), both, 'error')).toEqual([
      'host-not-ready hyperv.switch: there is no switch "x" on this host',
    ])
  })

  test('without Default Switch nat is one shared network: allowed first, clear of what is there, gone with its last machine', async () => {
    const hns = [{ name: 'nat', type: 'NAT', prefix: '192.168.221.0/24' }]
    await simulator.setKnobs({ server: true, routes: ['0.0.0.0/0', '192.168.220.0/24'], hns })
    const nat = { networks: [{ mode: 'nat' }] }
    const facts = await provider.facts(testCall())
    expect(problems(requestFor('a', nat), facts, 'error')).toEqual([
      'host-not-ready machine.networks.0.mode: this host has no Default Switch, and azl-vm changes no network of a host unasked',
    ])
    const [a, b] = ['a', 'b'].map((name) => requestFor(name, { ...nat, isHostNetworkAllowed: true })) as [
      MachineRequest,
      MachineRequest,
    ]
    expect(problems(a, facts, 'warning').join('\n')).toMatch(/192\.168\.222\.0\/24[\s\S]*nothing hands out addresses/)
    expect(Object.values(await make(a, facts))).toContain('192.168.222.2')
    expect(Object.values(await make(b, facts))).toContain('192.168.222.3')
    // Nothing in the guest's network tells it: whoever looks at the machine is told.
    expect((await provider.inspect(b.ref, testCall())).networks.map(({ reserved }) => reserved)).toEqual([
      { address: '192.168.222.3', prefixLength: 24, gateway: '192.168.222.1' },
    ])
    const there = ['switch azl-vm-nat Internal', 'nat azl-vm-nat 192.168.222.0/24']
    expect(await state()).toEqual([there[0], 'card a azl-vm-nat 0', 'card b azl-vm-nat 0', there[1]])
    // The network is there: nobody needs to be asked any more.
    expect(problems(requestFor('c', nat), await provider.facts(testCall()), 'error')).toEqual([])
    await undo(a, facts)
    expect(await state()).toEqual([there[0], 'card b azl-vm-nat 0', there[1]])
    await undo(b, facts)
    expect(await state()).toEqual([])
  })

  test('a NAT network and a switch of somebody else are never touched', async () => {
    await simulator.setKnobs({ server: true })
    await simulator.run(String.raw`NetNat\New-NetNat -Name theirs -InternalIPInterfaceAddressPrefix 10.9.0.0/24`)
    const request = requestFor('a', { networks: [{ mode: 'nat' }], isHostNetworkAllowed: true })
    const facts = await provider.facts(testCall())
    expect(problems(request, facts, 'warning').join()).toContain('"theirs" (10.9.0.0/24)')
    await expect(make(request, facts)).rejects.toMatchObject({ code: 'host-not-ready' })
    // The half-made switch is taken back at once.
    expect((await state()).filter((line) => !line.startsWith('card'))).toEqual(['nat theirs 10.9.0.0/24'])
    await undo(request, facts)
    await simulator.run(
      String.raw`NetNat\Remove-NetNat -Name theirs -Confirm:$false; Hyper-V\New-VMSwitch -Name azl-vm-nat -SwitchType Internal`,
    )
    await expect(make(request, facts)).rejects.toMatchObject({ code: 'host-not-ready' })
    await undo(request, facts)
    await provider.removeUnusedShared(testCall())
    expect(await state()).toEqual(['switch azl-vm-nat Internal'])
    await simulator.run(String.raw`Hyper-V\Remove-VMSwitch -Name azl-vm-nat -Force`)
  })

  test('host-only is one internal switch for all, which gc removes where a run was killed', async () => {
    await simulator.setKnobs({ server: true })
    const request = requestFor('a', { networks: [{ mode: 'host-only' }] })
    const facts = await provider.facts(testCall())
    await make(request, facts)
    expect(await state()).toEqual(['switch azl-vm-host-only Internal', 'card a azl-vm-host-only 0'])
    expect(await provider.removeUnusedShared(testCall())).toEqual([])
    // As after a kill between the machine's end and its network's.
    await simulator.run(String.raw`Hyper-V\Get-VM | Hyper-V\Remove-VM -Force`)
    expect(await provider.removeUnusedShared(testCall())).toEqual(['switch azl-vm-host-only'])
    expect(await state()).toEqual([])
  })

  test('a list of users that may not be changed keeps no machine: its network stays, and nobody joins', async () => {
    await simulator.setKnobs({ server: true })
    const request = requestFor('a', { networks: [{ mode: 'host-only' }] })
    const facts = await provider.facts(testCall())
    await make(request, facts)
    // Nobody opens a folder as a file: the nearest to a file of an elevated run.
    await rm(listOf('leases.lock'))
    await mkdir(listOf('leases.lock'))
    const late = requestFor('b', { networks: [{ mode: 'host-only' }] })
    await expect(make(late, facts)).rejects.toMatchObject({
      code: 'permission-denied',
      hint: expect.stringContaining('S-1-5-32-578') as string,
    })
    await provider.destroy(late.ref, testCall())
    expect(await provider.destroy(request.ref, testCall())).toMatchObject({
      removed: expect.arrayContaining(['machine a']) as string[],
      kept: [{ what: 'switch azl-vm-host-only', why: expect.stringContaining('azl-vm gc') as string, isOurs: false }],
    })
    expect(await provider.removeUnusedShared(testCall())).toEqual([])
    expect(await state()).toEqual(['switch azl-vm-host-only Internal'])
    await rm(listOf('leases.lock'), { recursive: true })
    expect(await provider.removeUnusedShared(testCall())).toEqual(['switch azl-vm-host-only'])
    expect(await state()).toEqual([])
  })

  test('what cannot be is refused at its key', async () => {
    await simulator.setKnobs({})
    const facts = await provider.facts(testCall())
    const forward = requestFor('a', { networks: [{ mode: 'nat', forward: [{ host: 8080, guest: 80 }] }] })
    expect(problems(forward, facts, 'error').join()).toMatch(/^not-supported machine\.networks\.0\.forward: .*address/)
    const vlan = requestFor('a', { networks: [{ mode: 'nat' }], hyperv: { vlan: 7 } })
    expect(problems(vlan, facts, 'error').join()).toContain('spec-invalid hyperv.vlan')
  })
})
