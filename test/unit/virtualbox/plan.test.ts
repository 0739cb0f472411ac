/** What a plan makes, in which order, what a host makes impossible, and the calls that a person would type. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { VirtualBoxOptions } from '../../../providers/virtualbox/options.ts'
import { makePlan } from '../../../providers/virtualbox/plan.ts'
import type { Facts } from '../../../src/provider/contract.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import { factsOfVirtualBox as factsOf } from '../../support/virtualbox-plans.ts'
import { kvmRequest, runId, type RequestChange } from '../kvm/kvm-request.ts'

const requestOf = (change: RequestChange, options?: VirtualBoxOptions): MachineRequest => ({
  ...kvmRequest(change),
  options,
})

const errorsOf = (request: MachineRequest, facts: Facts = factsOf()): readonly string[] =>
  makePlan(request, facts).diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)

describe('a plan', () => {
  test('says before a start that Windows’ own hypervisor makes VirtualBox slow, and goes on', () => {
    const slow = { level: 'warning', code: 'slow-virtualization', message: 'many times slower' } as const
    const { diagnostics, operations } = makePlan(requestOf({}), { ...factsOf(), findings: [slow] })
    expect(diagnostics).toMatchObject([{ level: 'warning', path: ['provider'], message: 'many times slower' }])
    expect(operations).not.toEqual([])
  })

  test('says that Secure Boot does not start the probe, for VirtualBox’s firmware does not, and goes on', () => {
    const { diagnostics, operations } = makePlan(requestOf({ machine: { firmware: { secureBoot: true } } }), factsOf())
    expect(diagnostics).toMatchObject([{ level: 'warning', path: ['machine', 'firmware', 'secureBoot'] }])
    expect(operations).not.toEqual([])
  })

  test('makes the anchor first, marked by its group; media and start are last', () => {
    const request = requestOf({ machine: { disks: [{}, {}], networks: [{}], firmware: { secureBoot: true } } })
    const plan = makePlan(request, factsOf())
    expect(plan.operations.map(({ id }) => id)).toEqual([
      ...['define', 'secure-boot', 'drives', 'disk-0', 'disk-1', 'attach-installer', 'start'],
    ])
    expect(plan.operations[0]?.native?.text).toContain(`--groups /azl-vm/${runId}`)
    expect(plan.operations[0]?.outputs).toEqual(['folder'])
    expect(plan.operations.at(-1)?.outputs).toEqual(['acceleration', 'port-22'])
  })

  test('is seven calls for a machine with a disk and a medium, and two for its start', () => {
    const { operations } = makePlan(requestOf({ machine: { disks: [{}], networks: [{}] } }), factsOf())
    const calls = operations.flatMap(({ native: words }) => words?.text.split('\n') ?? [])
    expect(calls.map((call) => call.split(' ')[1])).toEqual([
      ...['createvm', 'modifyvm', 'storagectl', 'storageattach', 'createmedium', 'storageattach', 'storageattach'],
      ...['--startvm', 'controlvm'],
    ])
    expect(calls.flatMap((call) => / --port (\d) /.exec(call)?.slice(1) ?? [])).toEqual(['2', '0', '1'])
  })

  test('gives the guest’s SSH a port of the host once, unless the spec does', () => {
    const ports = (networks: RequestChange['machine']) =>
      makePlan(requestOf({ machine: networks ?? {} }), factsOf()).operations.at(-1)?.outputs
    expect(ports({ networks: [{ mode: 'isolated' }, {}, {}] })).toEqual(['acceleration', 'port-22'])
    expect(ports({ networks: [{ forward: [{ host: 8022, guest: 22 }] }] })).toEqual(['acceleration', 'port-22'])
    expect(ports({ networks: [{ mode: 'isolated' }] })).toEqual(['acceleration'])
  })

  test('names the platform only to versions that know it', () => {
    const text = (release: number) => makePlan(requestOf({}), factsOf({ release })).operations[0]?.native?.text
    expect(text(702)).toContain('--platform-architecture x86')
    expect(text(700)).not.toContain('--platform-architecture')
  })
})

describe('what a host makes impossible', () => {
  test.each([
    [
      'a host-only network that is not there',
      { networks: [{ mode: 'host-only' }] },
      { hostOnly: [] },
      'machine.networks.0.mode: host-not-ready',
    ],
    [
      'a bridge that nobody named among several',
      { networks: [{ mode: 'bridged' }] },
      { bridges: ['a', 'b'] },
      'machine.networks.0.mode: spec-invalid',
    ],
    [
      'a bridge where there is no interface',
      { networks: [{ mode: 'bridged' }] },
      { bridges: [] },
      'machine.networks.0.mode: host-not-ready',
    ],
    ['more processors than VirtualBox gives a guest', { cpus: 65 }, {}, 'machine.cpus: spec-invalid'],
    ['more memory than it gives', { memory: '3TiB' }, {}, 'machine.memory: spec-invalid'],
    ['emulation', { acceleration: 'emulated' }, {}, 'machine.acceleration: not-supported'],
  ] as const)('%s', (_what, machine, change, expected) => {
    expect(errorsOf(requestOf({ machine }), factsOf(change))).toEqual([expected])
  })

  test('the most that VirtualBox gives a guest is no fault', () => {
    expect(errorsOf(requestOf({ machine: { cpus: 64, memory: '2TiB' } }))).toEqual([])
    expect(errorsOf(requestOf({ machine: { cpus: 65 } }), factsOf({ limits: undefined }))).toEqual([])
  })

  test('a host-only network that the spec names and the host has not', () => {
    const request = requestOf({ machine: { networks: [{ mode: 'host-only' }] } }, { hostOnly: 'vboxnet7' })
    expect(errorsOf(request)).toEqual(['virtualbox.hostOnly: spec-invalid'])
  })
})

describe('the script by hand', () => {
  const script = (request: MachineRequest, facts: Facts): readonly string[] => {
    const plan = makePlan(request, facts)
    return [...plan.script.prologue, ...plan.operations.flatMap((each) => each.script), ...plan.script.epilogue]
  }

  test('is shell that hands each value over whole, and makes nothing that azl-vm takes for its own', () => {
    const request = requestOf({ machine: { disks: [{}], networks: [{}, { mode: 'isolated' }] } })
    const lines = script(request, factsOf())
    const heard = execFileSync('sh', ['-eu'], {
      input: `VBoxManage() { if [ "$1" = showvminfo ]; then return 1; fi; printf '%s\\n' "$@"; }\n${lines.join('\n')}\n`,
      encoding: 'utf8',
    })
    expect(heard.split('\n')).toContain(
      `/home/me/Müller's VMs/by-hand-${request.ref.name}/${request.ref.name}/disk0.vdi`,
    )
    expect(heard).not.toMatch(/--groups|--description|azl-vm\/|azl-vm:mark/)
    expect(heard).not.toContain(request.mark.runId)
  })

  test('is PowerShell on Windows', () => {
    const facts = factsOf({ platform: 'win32', machineFolder: String.raw`C:\VMs` })
    const plan = makePlan(requestOf({ machine: { disks: [{}], networks: [] } }), facts)
    expect(plan.script.language).toBe('ps1')
    expect(plan.operations.find(({ id }) => id === 'disk-0')?.script[0]).toContain(
      String.raw`'C:\VMs\by-hand-azl4\azl4\disk0.vdi'`,
    )
  })
})
