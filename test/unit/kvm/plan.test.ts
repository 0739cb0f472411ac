import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parseDomain } from '../../../providers/kvm/domain-config.ts'
import { withDomainType } from '../../../providers/kvm/domain-type.ts'
import type { NetworkFact } from '../../../providers/kvm/facts.ts'
import { chooseFirmware, readDescriptors } from '../../../providers/kvm/firmware.ts'
import { parseUsernet } from '../../../providers/kvm/forwards.ts'
import { definition } from '../../../providers/kvm/index.ts'
import { markElement } from '../../../providers/kvm/mark-metadata.ts'
import {
  digestOfIsoVolume,
  hostOnlyNetwork,
  isOurNetwork,
  isOurPool,
  isoVolumeName,
  isoVolumeOf,
  lookPoolName,
  machineFiles,
  networkName,
  okVolumeName,
  poolNameFor,
  runIdOfLookPool,
  runIdOfNetwork,
  runIdOfVolume,
} from '../../../providers/kvm/names.ts'
import { quote } from '../../../src/provider/shell-text.ts'
import { element, toXml } from '../../../providers/kvm/xml.ts'
import { parseXml } from '../../../providers/kvm/xml-reader.ts'
import { assetPath } from '../../../src/assets.ts'
import type { Facts } from '../../../src/provider/contract.ts'
import type { Plan } from '../../../src/provider/plan.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { providerContext } from '../../support/test-environment.ts'
import { domainXmlOf, kvmFacts, kvmPlan, kvmProvider, kvmRequest, runId, type RequestChange } from './kvm-request.ts'

const specs = {
  minimal: {},
  'no-devices': { machine: { disks: [], networks: [] } },
  'secure-boot-tpm': { machine: { firmware: { secureBoot: true, tpm: true }, acceleration: 'emulated' } },
  networks: {
    machine: {
      networks: [
        { mode: 'nat', forward: [{ host: 8080, guest: 80 }] },
        { mode: 'isolated' },
        { mac: '52:54:00:aa:bb:cc' },
      ],
    },
  },
  'many-disks': {
    machine: {
      cpus: 8,
      memory: '16GiB',
      nestedVirtualization: true,
      disks: [{ size: '16GiB' }, { size: '1TiB' }, {}, {}],
    },
  },
  'storage-path': { storage: { path: '/srv/vm & more' } },
  'named-network': { kvm: { network: 'default' } },
  'host-only': { machine: { networks: [{ mode: 'host-only' }] } },
  bridge: { machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br0' } },
  aarch64: { arch: 'aarch64', machine: { firmware: { tpm: true } } },
} as const satisfies Record<string, RequestChange>

const networks: readonly NetworkFact[] = [
  { name: 'default', isActive: true, forward: 'nat', hasHostAddress: true },
  { name: 'bridge', isActive: true, forward: 'bridge', hasHostAddress: false },
  { name: 'hostonly', isActive: true, forward: undefined, hasHostAddress: true },
  { name: 'asleep', isActive: false, forward: 'nat', hasHostAddress: true },
  { name: 'owner', isActive: true, forward: 'nat', hasHostAddress: true, bridge: 'virbr0' },
]

const bridges = [
  { name: 'br0', isUp: true },
  { name: 'br1', isUp: false },
  { name: 'virbr0', isUp: true },
] as const

describe('the domain XML', () => {
  // AZL_UPDATE_GOLDEN=1 writes them anew; read the difference before it is committed.
  test.each(Object.keys(specs) as (keyof typeof specs)[])('of %s is the golden one', async (name) => {
    const file = assetPath('test', 'golden', 'kvm', `${name}.xml`)
    const xml = `${domainXmlOf(await kvmPlan(specs[name], { networks }))}\n`
    if (process.env['AZL_UPDATE_GOLDEN'] === '1') await writeFile(file, xml)
    expect(xml).toBe(await readFile(file, 'utf8'))
  })

  test('is read back as it was planned, in both ways to run the processor', async () => {
    const xml = domainXmlOf(await kvmPlan(specs['many-disks']))
    const config = parseDomain(xml)
    expect(config).toMatchObject({
      domainType: 'kvm',
      acceleration: 'hardware',
      cpus: 8,
      memoryBytes: 16 * 1024 ** 3,
      isNested: true,
    })
    expect(config.disks).toHaveLength(4)
    expect(config.mark?.runId).toBe(runId)
    const emulated = parseDomain(withDomainType(xml, 'qemu', 'x86_64', true))
    expect(emulated).toEqual({ ...config, domainType: 'qemu', acceleration: 'emulated' })
    expect(withDomainType(withDomainType(xml, 'qemu', 'x86_64', true), 'kvm', 'x86_64', true)).toBe(xml)
  })
})

describe('XML', () => {
  const nasty = `<a href="x">&amp; 'quoted' ]]> "double" \t tab \n line — ünïcode 💽`

  test('of any text that it can say is parsed to the same text', () => {
    const xml = toXml(element('domain', { name: nasty }, element('name', {}, nasty), element('empty')))
    const parsed = parseXml(xml)
    expect(parsed.attribute('name')).toBe(nasty)
    expect(parsed.find('name')?.text).toBe(nasty)
  })

  test.each(['\u0000', '\u0007', '\u001b', '\ufffe'])('%j cannot be said, and is refused', (character) => {
    expect(() => toXml(element('name', {}, `a${character}b`))).toThrow(/U\+/)
    expect(() => toXml(element('name', { x: character }))).toThrow(/U\+/)
  })
})

describe('the plan', () => {
  const diagnosed = async (change: RequestChange): Promise<readonly string[]> =>
    (await kvmPlan(change, { networks, bridges })).diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)

  test.each([
    [{ machine: { networks: [{ mode: 'bridged' }] } }, ['machine.networks.0.mode: not-supported']],
    [{ machine: { networks: [{ mode: 'bridged' }] }, kvm: { network: 'bridge' } }, []],
    [
      { machine: { networks: [{ mode: 'bridged' }] }, kvm: { network: 'default' } },
      ['machine.networks.0.mode: not-supported'],
    ],
    [{ machine: { networks: [{ mode: 'host-only' }] }, kvm: { network: 'hostonly' } }, []],
    [
      { machine: { networks: [{ mode: 'host-only' }] }, kvm: { network: 'default' } },
      ['machine.networks.0.mode: not-supported'],
    ],
    [{ machine: { networks: [{ mode: 'nat' }] }, kvm: { network: 'default' } }, []],
    [
      { machine: { networks: [{ mode: 'nat', forward: [{ guest: 80 }] }] }, kvm: { network: 'default' } },
      ['machine.networks.0.forward: not-supported'],
    ],
    [{ machine: { networks: [{}] }, kvm: { network: 'asleep' } }, ['kvm.network: host-not-ready']],
    [{ machine: { networks: [{}] }, kvm: { network: 'nowhere' } }, ['kvm.network: host-not-ready']],
    [{ machine: { networks: [{ mode: 'isolated' }] }, kvm: { network: 'default' } }, ['kvm.network: spec-invalid']],
    [{ machine: { networks: [] }, kvm: { network: 'default' } }, ['kvm.network: spec-invalid']],
    [{ machine: { networks: [{}] }, kvm: { bridge: 'br0' } }, ['kvm.bridge: spec-invalid']],
    [{ machine: { networks: [{ mode: 'isolated' }, {}] }, kvm: { network: 'default' } }, []],
    [{ machine: { networks: [{ mode: 'host-only' }] } }, []],
    [{ machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br0' } }, []],
    [{ machine: { networks: [{ mode: 'bridged' }, {}] }, kvm: { bridge: 'br0', network: 'default' } }, []],
    [
      { machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br0', network: 'bridge' } },
      ['kvm.network: spec-invalid'],
    ],
    [{ machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br1' } }, ['kvm.bridge: host-not-ready']],
    [{ machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br9' } }, ['kvm.bridge: host-not-ready']],
    [{ machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'virbr0' } }, ['kvm.bridge: not-supported']],
    [
      { machine: { nestedVirtualization: true, acceleration: 'emulated' } },
      ['machine.nestedVirtualization: not-supported'],
    ],
  ] as const)('of %j has the diagnostics %j', async (change, expected) => {
    expect(await diagnosed(change as RequestChange)).toEqual(expected)
  })

  test('acceleration: hardware on a libvirt without KVM is host-not-ready', async () => {
    const plan = await kvmPlan({ machine: { acceleration: 'hardware' } }, { advertisesKvm: { x86_64: false } })
    expect(plan.diagnostics).toMatchObject([{ path: ['machine', 'acceleration'], code: 'host-not-ready' }])
  })

  test.each([
    ['machine.acceleration: not-supported', { machine: { acceleration: 'hardware' } }],
    ['machine.firmware.secureBoot: not-supported', { machine: { firmware: { secureBoot: true } } }],
    ['machine.nestedVirtualization: not-supported', { machine: { nestedVirtualization: true } }],
    ['machine.cpus: not-supported', { machine: { cpus: 9 } }],
  ] as const)('on another architecture than the host’s says %s', async (said, change) => {
    const native = { hostArchitecture: 'x86_64', maxCpus: { x86_64: 288, aarch64: 8 } }
    const { diagnostics } = await kvmPlan({ arch: 'aarch64', ...change }, native)
    expect(diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)).toEqual([said])
    const spec = { ...change, arch: 'aarch64', machine: { cpus: 2 } } as const
    expect((await kvmPlan(spec, native)).diagnostics).toEqual([])
  })

  test('for an architecture that has no emulator or no firmware here is host-not-ready, with what to install', async () => {
    const facts = await kvmFacts()
    const request = kvmRequest({ arch: 'aarch64', machine: { firmware: { secureBoot: true } } })
    const noQemu = { ...facts, capabilities: { ...facts.capabilities, architectures: ['x86_64'] as const } }
    const noFirmware = { ...facts, native: { ...facts.native, isFirmwareAutomatic: { x86_64: true } } }
    for (const each of [noQemu, noFirmware]) {
      const { diagnostics, operations } = (await kvmProvider()).plan(request, each)
      expect(diagnostics).toMatchObject([{ path: ['arch'], code: 'host-not-ready', level: 'error' }])
      expect(diagnostics[0]?.hint).toContain('apt-get install qemu-system-arm qemu-efi-aarch64')
      expect(operations).toEqual([])
    }
  })

  test('nested virtualization on a libvirt without KVM is host-not-ready', async () => {
    const facts = await kvmFacts({ advertisesKvm: { x86_64: false } })
    const without = { ...facts, capabilities: { ...facts.capabilities, guests: {}, nestedVirtualization: false } }
    const plan = (await kvmProvider()).plan(kvmRequest({ machine: { nestedVirtualization: true } }), without)
    expect(plan.diagnostics).toMatchObject([{ path: ['machine', 'nestedVirtualization'], code: 'host-not-ready' }])
  })

  test.each([
    [{ networks: [{ mode: 'bridged' }] }, { bridge: 'br0' }, 'machine.networks.0.mode'],
    [{ networks: [{ mode: 'host-only' }] }, {}, 'machine.networks.0.mode'],
    [{ networks: [{}, { mode: 'isolated' }] }, {}, 'machine.networks.1.mode'],
    [{ networks: [{}] }, { network: 'default' }, 'kvm.network'],
  ])('the user’s own libvirt has no network for %j with %j: not-supported at its key', async (machine, kvm, key) => {
    const session = 'qemu:///session'
    const plan = (await kvmProvider(session)).plan(kvmRequest({ machine, kvm }), await kvmFacts({}, session))
    expect(plan.diagnostics.map(({ path, code }) => `${path.join('.')}: ${code}`)).toEqual([`${key}: not-supported`])
    expect(plan.diagnostics[0]?.message).toContain('the user’s own libvirt')
    expect(plan.operations).toEqual([])
  })

  test('what to type to start a network is quoted', async () => {
    const asleep = { name: '$(reboot)', isActive: false, forward: 'nat', hasHostAddress: true }
    const { diagnostics } = await kvmPlan({ kvm: { network: asleep.name } }, { networks: [asleep] })
    expect(diagnostics[0]?.hint).toContain("net-start '$(reboot)'`")
  })

  test('an empty XDG_DATA_HOME is none', async () => {
    const context = providerContext({ env: { HOME: '/home/me', XDG_DATA_HOME: '' } })
    const provider = await definition.open('qemu:///session', context)
    const facts = provider.assumedFacts({ findings: [] } as unknown as Facts)
    expect(facts.native['imageFolder']).toBe('/home/me/.local/share/libvirt/images')
  })

  test('names a medium’s copy as it is applied, also by a path of Windows', async () => {
    const request = kvmRequest()
    const medium = { ...request.installer, path: 'C:\\media\\b.iso' }
    const plan = (await kvmProvider()).plan({ ...request, installer: medium }, await kvmFacts())
    const attach = plan.operations.find(({ id }) => id === 'attach-installer')
    expect(attach?.parameters).toMatchObject({ volume: isoVolumeOf(medium) })
    expect(isoVolumeOf(medium)).toBe('iso-a1b2c3d4e5f6-b.iso')
  })
})

describe('the script', () => {
  test.each(["it's", '$(reboot)', '`x`', 'a b', '"', '\\', '*', '', 'ünï', '-n', "''"])(
    'quotes %j as one word of a shell',
    (word) => {
      expect(execFileSync('sh', ['-c', `printf %s ${quote(word)}`]).toString()).toBe(word)
    },
  )

  const whole = (plan: Plan): string =>
    [
      'set -eu',
      ...plan.script.prologue,
      ...plan.operations.flatMap(({ script }) => script),
      ...plan.script.epilogue,
      '',
    ].join('\n')

  test.each(Object.keys(specs) as (keyof typeof specs)[])('of %s is a shell script', async (name) => {
    const script = whole(await kvmPlan(specs[name], { networks }))
    const file = `${await temporaryFolder({ 'script.sh': script })}/script.sh`
    execFileSync('sh', ['-n', file])
    expect(script, 'what it makes is foreign to azl-vm').not.toContain('urn:azl-vm:mark')
    expect(script).not.toContain(runId)
  })
})

describe('a mark', () => {
  const request = kvmRequest()
  const read = (change: object): unknown => {
    const mark = { ...request.mark, ...change } as typeof request.mark
    return parseDomain(toXml(element('domain', {}, element('metadata', {}, markElement(mark))))).mark
  }
  const rule = { network: 0, hostPort: 8080, guestPort: 80 }

  test('of an azl-vm that knew less is one', () => {
    expect(read({})).toEqual(request.mark)
    expect(read({ provider: { forwards: [rule], newer: true } })).toBeDefined()
  })

  test.each([
    { v: 2 },
    { provider: undefined },
    { provider: [] },
    { provider: { forwards: [{ ...rule, network: '0 tcp::1-:1\nquit' }] } },
    { provider: { forwards: [{ ...rule, hostPort: 65_536 }] } },
    { provider: { forwards: [{ ...rule, guestPort: 0.5 }] } },
    { provider: { ownNetworks: [7] } },
    { provider: { acceleration: 'warp' } },
    { provider: { firstType: 'xen' } },
    { provider: { logBytesAtStart: -1 } },
    { creator: { pid: '500', startTime: '', bootId: '' } },
    { installer: { sha256: 7, fileName: 'x' } },
    { expires: 7 },
    { name: undefined },
  ])('with %j is none, and breaks nothing', (change) => {
    expect(read(change)).toBeUndefined()
  })
})

describe('names', () => {
  test('of a machine’s volumes tell its run, whatever the machine is called', () => {
    for (const name of ['a', 'x'.repeat(63), 'dots.and_underscores-1', `tricky.${runId}.disk0.qcow2`]) {
      const files = machineFiles(name, runId)
      const all = [
        files.disk(0),
        files.disk(15),
        files.nvram,
        files.serialLog(0),
        `${files.serialLog(0)}.0`,
        `${files.serialLog(1)}.2`,
      ]
      for (const volume of all) expect(runIdOfVolume(volume)).toBe(runId)
    }
    for (const foreign of [
      'x.qcow2',
      'azl4.disk0.qcow2',
      `azl4.${runId}.txt`,
      `${runId}.disk0.qcow2`,
      'iso-0f343b0931cd-x.iso',
    ])
      expect(runIdOfVolume(foreign)).toBeUndefined()
  })

  test('of shared things are told from those of others', () => {
    const digest = 'a1b2c3d4e5f6'.padEnd(64, '0')
    const iso = isoVolumeName(digest, 'Azure Linux 4.0 (x86_64)/ü.iso')
    expect(iso).toMatch(/^iso-a1b2c3d4e5f6-[A-Za-z0-9._-]+$/)
    expect(digestOfIsoVolume(iso)).toBe('a1b2c3d4e5f6')
    expect(digestOfIsoVolume(okVolumeName(iso))).toBe('a1b2c3d4e5f6')
    expect(digestOfIsoVolume('iso-mine.iso')).toBeUndefined()
    expect(runIdOfNetwork(networkName(runId, 0))).toBe(runId)
    for (const network of ['default', hostOnlyNetwork]) expect(runIdOfNetwork(network)).toBeUndefined()
    expect(['default', 'azl-vm-mine', hostOnlyNetwork, networkName(runId, 7)].map(isOurNetwork)).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(runIdOfLookPool(lookPoolName(runId))).toBe(runId)
    for (const pool of [poolNameFor(undefined), poolNameFor('/srv/vm')]) expect(isOurPool(pool)).toBe(true)
    for (const pool of ['default', 'azl-vm-mine', 'azl-vmx', lookPoolName(runId), 'by-hand-x'])
      expect(isOurPool(pool)).toBe(false)
  })
})

describe('forwarded ports', () => {
  test('are read from QEMU’s own table, each at its network card', () => {
    const table = [
      'Hub -1 (hostnet0):',
      '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
      '  TCP[ESTABLISHED]   25       127.0.0.1 34567       10.0.2.15    22     0     0',
      '  TCP[HOST_FORWARD]  13       127.0.0.1 34567       10.0.2.15    22     0     0',
      '  UDP[HOST_FORWARD]  14       127.0.0.1 53          10.0.2.15    53     0     0',
      'Hub -1 (hostnet1):',
      '  TCP[HOST_FORWARD]  15       127.0.0.1  8080       10.0.2.15    80     0     0',
      '',
    ].join('\r\n')
    expect(parseUsernet(table)).toEqual([
      { network: 0, hostPort: 34567, guestPort: 22 },
      { network: 1, hostPort: 8080, guestPort: 80 },
    ])
    expect(parseUsernet('')).toEqual([])
  })
})

describe('the firmware', () => {
  const descriptor = (
    code: string,
    features: readonly string[],
    machines = ['pc-q35-*'],
    architecture = 'x86_64',
    device = 'flash',
  ): string =>
    JSON.stringify({
      'interface-types': ['uefi'],
      mapping: {
        device,
        executable: { filename: `/fw/${code}.fd`, format: 'raw' },
        'nvram-template': { filename: `/fw/${code}.vars.fd`, format: 'raw' },
      },
      targets: [{ architecture, machines }],
      features,
    })

  test('is the first descriptor by name that has the keys, or has neither; /etc overrides /usr', async () => {
    const folder = await temporaryFolder({
      'usr/40-plain.json': descriptor('overridden', ['acpi-s3']),
      'usr/50-secure.json': descriptor('secure', ['secure-boot', 'enrolled-keys', 'requires-smm']),
      'usr/45-no-keys.json': descriptor('no-keys', ['secure-boot']),
      'usr/10-arm.json': descriptor('arm', [], ['virt-*'], 'aarch64'),
      'usr/20-i440.json': descriptor('i440', [], ['pc-i440fx-*']),
      'usr/30-memory.json': descriptor('memory', [], ['pc-q35-*'], 'x86_64', 'memory'),
      'usr/00-broken.json': '{',
      'usr/01-odd.json': '{"mapping": 7}',
      'usr/README': 'text',
      'etc/40-plain.json': descriptor('plain', []),
    })
    const found = await readDescriptors([`${folder}/etc`, `${folder}/usr`, `${folder}/missing`])
    expect(chooseFirmware(found, 'x86_64', false)).toMatchObject({
      code: '/fw/plain.fd',
      varsTemplate: '/fw/plain.vars.fd',
    })
    expect(chooseFirmware(found, 'x86_64', true)).toMatchObject({ code: '/fw/secure.fd', descriptor: '50-secure.json' })
    expect(chooseFirmware(found, 'aarch64', false)).toMatchObject({ code: '/fw/arm.fd' })
    expect(chooseFirmware(found, 'aarch64', true)).toBeUndefined()
  })

  test('of the host is taken by its own path where libvirt does not choose', async () => {
    const pair = {
      file: '/x/1.json',
      code: '/fw/c.fd',
      varsTemplate: '/fw/v.fd',
      architectures: ['x86_64'],
      machines: ['pc-q35-*'],
      features: ['secure-boot', 'enrolled-keys'],
    }
    const plan = await kvmPlan(specs['secure-boot-tpm'], {
      descriptors: [pair],
      isFirmwareAutomatic: { x86_64: false },
    })
    const xml = domainXmlOf(plan)
    expect(xml).toContain("<loader readonly='yes' type='pflash' secure='yes'>/fw/c.fd</loader>")
    expect(xml).toContain("<nvram template='/fw/v.fd'>")
    expect(parseDomain(xml).secureBoot).toBe(true)
  })
})
