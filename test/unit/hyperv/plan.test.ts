/** What a plan makes, in which order, and what a host makes impossible, each at the spec's key. */
import { describe, expect, test } from 'vitest'
import { hypervOptions, type HyperVOptions } from '../../../providers/hyperv/options.ts'
import { parametersOf } from '../../../providers/hyperv/parameters.ts'
import { makePlan } from '../../../providers/hyperv/plan.ts'
import type { HyperVNative } from '../../../providers/hyperv/facts.ts'
import { noNetworks } from '../../../providers/hyperv/network-facts.ts'
import type { Facts } from '../../../src/provider/contract.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import { allCapabilities } from '../../support/memory-provider.ts'
import { kvmRequest, runId, type RequestChange } from '../kvm/kvm-request.ts'

const native: HyperVNative = {
  name: 'HOST',
  hypervisorPresent: true,
  memoryBytes: 16 * 1024 ** 3,
  logicalProcessors: 4,
  machinePath: String.raw`C:\Hyper-V`,
  home: String.raw`C:\Users\admin`,
  isRemote: false,
  unreadable: undefined,
  secureBootTemplates: ['MicrosoftWindows', 'MicrosoftUEFICertificateAuthority'],
  networks: { ...noNetworks, hasDefaultSwitch: true },
  separator: '\\',
  build: 26100,
  hostArchitecture: 'x86_64',
  folder: undefined,
}

function factsOf(change: Partial<HyperVNative> = {}, capabilities = allCapabilities): Facts {
  return {
    provider: 'hyperv',
    host: 'local',
    isReady: true,
    isAssumed: false,
    versions: {},
    capabilities,
    findings: [],
    native: { ...native, ...change },
  }
}

function requestOf(change: RequestChange, options?: HyperVOptions): MachineRequest {
  return { ...kvmRequest(change), options }
}

/** Errors only, each as `key: message`. */
function errorsOf(request: MachineRequest, facts: Facts = factsOf()): readonly string[] {
  const { diagnostics, operations } = makePlan(request, facts)
  const errors = diagnostics.filter(({ level }) => level === 'error')
  if (errors.length > 0) expect(operations).toEqual([])
  for (const { hint } of errors) expect(hint).toBeTruthy()
  return errors.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the order of a plan', () => {
  test('the anchor is first, what the cards are on comes before them, the start is last', () => {
    const plan = makePlan(
      requestOf({ machine: { disks: [{}, {}], networks: [{}, { mode: 'isolated' }, { mode: 'host-only' }] } }),
      factsOf(),
    )
    expect(plan.operations.map(({ id }) => id)).toEqual([
      'define',
      'settings',
      'switch-1',
      'network-host-only',
      'networks',
      'disk-0',
      'disk-1',
      'drives',
      'attach-installer',
      'start',
    ])
  })

  test('a disk lies in the machine’s own folder, which is named after the run', () => {
    const plan = makePlan(requestOf({ storage: { path: String.raw`D:\VMs` } }), factsOf())
    const [disk] = plan.operations.filter(({ id }) => id === 'disk-0').map(parametersOf)
    expect(disk).toMatchObject({ path: String.raw`D:\VMs\azl-vm-${runId}\disk0.vhdx` })
  })
})

describe('what a host makes impossible', () => {
  test('a medium that Hyper-V’s service cannot read where it lies is planned as the copy that up makes', () => {
    const request = requestOf({})
    const copy = `C:\\Users\\admin\\.azl-vm\\media\\${request.installer.sha256}.iso`
    const { path } = request.installer
    const plan = makePlan(request, factsOf({ unreadable: { path, why: 'it lies in OneDrive' } }))
    const attach = plan.operations.find(({ id }) => id === 'attach-installer')!
    expect(attach.object).toEqual({ kind: 'medium', name: copy })
    expect(attach.title).toContain(`copy ${path} to ${copy} unless it is there`)
    expect(attach.native?.text).toContain(`Set-VMDvdDrive -VMDvdDrive $installer -Path '${copy}'`)
    // By hand it lies with the machine's other files.
    expect(attach.script).toEqual([
      `[System.IO.File]::Copy('${path}', "$folder\\installer.iso")`,
      String.raw`Hyper-V\Set-VMDvdDrive -VMDvdDrive $installer -Path "$folder\installer.iso"`,
    ])
    expect(plan.choices.find(({ label }) => label === 'medium')?.value).toBe(
      `${path} (copied to ${copy}: it lies in OneDrive)`,
    )
    const elsewhere = makePlan(request, factsOf({ unreadable: { path: '/other.iso', why: 'x' } }))
    expect(elsewhere.operations.find(({ id }) => id === 'attach-installer')!.object.name).toBe(path)
  })

  test('a folder that Hyper-V puts no disks into, where it is the plan’s and no other', () => {
    const path = String.raw`D:\VMs`
    const good = { path, fileSystem: 'NTFS', freeBytes: 1e12, attributes: ['Directory'], hasIntegrity: false }
    const seen = (change: Partial<typeof good>, looked = path): readonly string[] =>
      errorsOf(requestOf({ storage: { path } }), factsOf({ folder: { path: looked, nearest: { ...good, ...change } } }))
    expect(seen({})).toEqual([])
    expect(seen({ attributes: ['Directory', 'Compressed'] })).toEqual([
      String.raw`storage.path: Hyper-V puts no virtual disks into a compressed folder: D:\VMs`,
    ])
    expect(seen({ freeBytes: 1e6 })).toEqual([expect.stringMatching(/^storage\.path: only .* free for machines at /)])
    expect(seen({ fileSystem: 'exFAT' }, String.raw`C:\Hyper-V`)).toEqual([])
    expect(errorsOf(requestOf({ storage: { path } }), factsOf({ folder: { path, nearest: null } }))).toEqual([
      String.raw`storage.path: neither D:\VMs nor a folder above it is there for this account`,
    ])
  })

  test('paths of Hyper-V’s own files beyond 259 characters', () => {
    // C:\, the folder's name, and the 100 characters that Hyper-V may add.
    const rest = 259 - 100 - `C:\\\\azl-vm-${runId}`.length
    const storage = (length: number): RequestChange => ({ storage: { path: `C:\\${'x'.repeat(length)}` } })
    expect(errorsOf(requestOf(storage(rest)))).toEqual([])
    expect(errorsOf(requestOf(storage(rest + 1)))).toEqual([
      expect.stringMatching(/^storage\.path: .* paths of 260 characters .*, and Windows takes 259$/),
    ])
  })

  test.each([
    ['/var/lib/machines', '\\', 'storage.path: /var/lib/machines is no whole path on local'],
    [String.raw`D:\VMs`, '/', String.raw`storage.path: D:\VMs is no whole path on local`],
  ] as const)('the folder %s on a host whose paths have %s', (path, separator, error) => {
    const request = requestOf({})
    const placed = { ...request, spec: { ...request.spec, storage: { ...request.spec.storage, path } } }
    expect(errorsOf(placed, factsOf({ separator }))).toEqual([error])
  })

  test('an odd number of MiB', () => {
    expect(errorsOf(requestOf({ machine: { memory: '513MiB' } }))).toEqual([
      'machine.memory: Hyper-V gives memory in steps of 2MiB',
    ])
    expect(errorsOf(requestOf({ machine: { memory: '514MiB' } }))).toEqual([])
  })

  test('more processors than the host has; a host that does not say takes any number', () => {
    expect(errorsOf(requestOf({ machine: { cpus: 4 } }))).toEqual([])
    expect(errorsOf(requestOf({ machine: { cpus: 5 } }))).toEqual([
      'machine.cpus: local has 4 logical processors, and Hyper-V starts no machine with more',
    ])
    expect(errorsOf(requestOf({ machine: { cpus: 5 } }), factsOf({ logicalProcessors: 0 }))).toEqual([])
  })

  test('a Secure Boot template that the host has not, or that nothing uses', () => {
    const secure = { machine: { firmware: { secureBoot: true } } }
    const template = (secureBootTemplate: string): HyperVOptions => ({ secureBootTemplate })
    expect(errorsOf(requestOf(secure, template('microsoftwindows')))).toEqual([])
    expect(errorsOf(requestOf(secure, template('OpenSourceShieldedVM')))).toEqual([
      'hyperv.secureBootTemplate: Hyper-V at local has no Secure Boot template OpenSourceShieldedVM',
    ])
    // The default one is not named in the spec.
    expect(errorsOf(requestOf(secure), factsOf({ secureBootTemplates: ['MicrosoftWindows'] }))).toEqual([
      'machine.firmware.secureBoot: Hyper-V at local has no Secure Boot template MicrosoftUEFICertificateAuthority',
    ])
    const off = { machine: { firmware: { secureBoot: false } } }
    expect(errorsOf(requestOf(off, template('MicrosoftWindows')))).toEqual([
      'hyperv.secureBootTemplate: hyperv.secureBootTemplate does nothing here: Secure Boot is off',
    ])
    expect(hypervOptions.safeParse({ secureBootTemplate: "x'; Remove-VM *" }).success).toBe(false)
  })

  test.each([
    ['an emulated processor', { acceleration: 'emulated' }, 'machine.acceleration: Hyper-V emulates no processors'],
    [
      'forwarded ports',
      { networks: [{ forward: [{ host: 8080, guest: 80 }] }] },
      'machine.networks.0.forward: Hyper-V forwards no ports: the Default Switch has no port mappings, and those of Windows’ NAT lead to a fixed address, which no medium takes yet',
    ],
  ])('%s', (_, machine, error) => {
    expect(errorsOf(requestOf({ machine }))).toEqual([error])
  })

  test('guests of another processor, of which no more is said', () => {
    const facts = factsOf({}, { ...allCapabilities, architectures: ['aarch64'] })
    expect(errorsOf(requestOf({ machine: { memory: '513MiB' } }), facts)).toEqual([
      'arch: Hyper-V at local runs no x86_64 guests, and emulates none',
    ])
  })

  test.each(['kill*', '[k]illed', 'a?c', '$(calc)', "it's"])('a machine called %s: no spec can say it', (name) => {
    expect(() => requestOf({ name })).toThrow()
  })
})
