import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadSpec } from '../../../src/spec/load.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { load, providers, valid, withLines } from './helpers.ts'

describe('a spec that says the least', () => {
  test('gets every default, sizes in bytes and durations in milliseconds', async () => {
    const { spec } = await load(valid)
    expect(spec).toEqual({
      version: 1,
      name: 'a',
      provider: 'auto',
      host: 'local',
      arch: 'x86_64',
      source: { probe: { then: 'poweroff' } },
      machine: {
        cpus: 2,
        memory: 4 * 1024 ** 3,
        disks: [{ size: 16 * 1024 ** 3 }],
        firmware: { secureBoot: 'auto', tpm: false },
        nestedVirtualization: false,
        acceleration: 'auto',
        networks: [{ mode: 'nat', mac: 'auto', address: 'dhcp', forward: [] }],
      },
      storage: {},
      timeouts: { boot: 300_000 },
      onFailure: 'keep',
    })
  })

  test('takes the architecture of the host', async () => {
    expect((await load(valid, { hostArchitecture: 'aarch64' })).spec.arch).toBe('aarch64')
  })
})

describe('values', () => {
  test('an empty list of networks or disks is none, not the default', async () => {
    const { spec } = await load(withLines('machine: { networks: [], disks: [] }'))
    expect(spec.machine).toMatchObject({ networks: [], disks: [] })
  })

  test('a network and a forward that say little get their own defaults', async () => {
    const { spec } = await load(withLines('machine: { networks: [{ forward: [{ guest: 80 }] }, { mode: isolated }] }'))
    expect(spec.machine.networks).toEqual([
      { mode: 'nat', mac: 'auto', address: 'dhcp', forward: [{ host: 'any', guest: 80 }] },
      { mode: 'isolated', mac: 'auto', address: 'dhcp', forward: [] },
    ])
  })

  test('a hardware address is written one way: lower case with colons', async () => {
    const { spec } = await load(withLines('machine: { networks: [{ mac: 52-54-00-AB-CD-EF }] }'))
    expect(spec.machine.networks[0]?.mac).toBe('52:54:00:ab:cd:ef')
  })

  test('a checksum is lower case, whoever printed it', async () => {
    const checksum = `sha256:${'AB'.repeat(32)}`
    const { spec } = await load(`version: 1\nname: a\nsource: { iso: x.iso, checksum: '${checksum}' }\n`)
    expect(spec.source).toMatchObject({ checksum: checksum.toLowerCase() })
  })

  test.each([
    [
      'a path relative to the folder of the spec, not to where the command runs',
      'isos/x.iso',
      ['specs', 'isos', 'x.iso'],
    ],
    ['a path that leads out of that folder', '../x.iso', ['x.iso']],
  ])('source.iso takes %s', async (_what, iso, expected) => {
    const cwd = await temporaryFolder({ 'specs/a.yaml': `version: 1\nname: a\nsource: { iso: '${iso}' }\n` })
    const { spec } = await loadSpec({ file: 'specs/a.yaml', cwd, providers, hostArchitecture: 'x86_64' })
    expect(spec.source).toEqual({ iso: join(cwd, ...expected) })
  })

  test('source.iso keeps an absolute path, and ~/ is the home folder', async () => {
    const absolute = await load("version: 1\nname: a\nsource: { iso: '/isos/x.iso' }\n")
    const home = await load("version: 1\nname: a\nsource: { iso: '~/x.iso' }\n", { home: '/home/me' })
    // On Windows a path without a drive is on that of the spec.
    expect(absolute.spec.source).toEqual({ iso: resolve(tmpdir(), '/isos/x.iso') })
    expect(home.spec.source).toEqual({ iso: join('/home/me', 'x.iso') })
  })

  test("a provider's own key is checked by its own schema and handed to it", async () => {
    const loaded = await load(withLines('kvm: { network: lab }'))
    expect(loaded.providerOptions('kvm')).toEqual({ network: 'lab' })
    expect(loaded.providerOptions('toString')).toBeUndefined()
  })
})

describe('the digest', () => {
  test('is the same for the same spec in another order, with a default written out, and in another notation', async () => {
    const cwd = await temporaryFolder({
      'a.yaml': 'version: 1\nname: a\nsource: { iso: x.iso }\nmachine: { cpus: 2, memory: 4GiB }\n',
      'b.yaml': '# other words\nsource:\n  iso: ./x.iso\nname: "a"\nmachine: { memory: 4096MiB }\nversion: 1\n',
    })
    const digests = ['a.yaml', 'b.yaml'].map(
      async (file) => (await loadSpec({ file, cwd, providers, hostArchitecture: 'x86_64' })).digest,
    )
    const [first, second] = await Promise.all(digests)
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(second).toBe(first)
  })

  test('is another for another value', async () => {
    expect((await load(valid)).digest).not.toBe((await load(valid, { set: ['machine.cpus=3'] })).digest)
  })
})

describe('where a value came from', () => {
  test('a written value has its place; a default has that of its nearest written parent', async () => {
    const loaded = await load('version: 1\nname: a\nsource: { probe: {} }\nmachine:\n  cpus: 3\n')
    expect(loaded.locate(['machine', 'cpus'])).toEqual({ line: 5, column: 9 })
    expect(loaded.locate(['machine', 'memory'])).toEqual({ line: 4, column: 1 })
    expect(loaded.isGiven(['machine', 'cpus'])).toBe(true)
    expect(loaded.isGiven(['machine', 'memory'])).toBe(false)
  })

  test("a provider's fault is shown like one of the schema", async () => {
    const loaded = await load('version: 1\nname: a\nsource: { probe: {} }\nmachine:\n  memory: 8GiB\n')
    const error = loaded.toError([{ path: ['machine', 'memory'], message: 'the host has 4GiB', hint: 'use less' }])
    expect(error.exitCode).toBe(2)
    expect(error.message).toBe('azl-vm.yaml:5:11: machine.memory: the host has 4GiB')
    expect(error.evidence).toEqual(['  memory: 8GiB', '          ^'])
    expect(error.hint).toBe('use less')
  })
})
