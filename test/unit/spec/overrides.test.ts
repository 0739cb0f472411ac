import { describe, expect, test } from 'vitest'
import { faults, load, valid, withLines } from './helpers.ts'

describe('--set', () => {
  test.each([
    ['a key that the file has not', 'machine.memory=8GiB', { memory: 8 * 1024 ** 3 }],
    ['a number', 'machine.cpus=7', { cpus: 7 }],
    ['a switch', 'machine.firmware.tpm=true', { firmware: { secureBoot: 'auto', tpm: true } }],
    ['an entry of a list', 'machine.disks[0].size=32GiB', { disks: [{ size: 32 * 1024 ** 3 }] }],
    [
      'YAML behind the equals sign',
      'machine.networks=[{ mode: isolated }]',
      { networks: [expect.objectContaining({ mode: 'isolated' })] },
    ],
    ['an empty list', 'machine.networks=[]', { networks: [] }],
  ])('%s', async (_what, set, machine) => {
    expect((await load(valid, { set: [set] })).spec.machine).toMatchObject(machine)
  })

  test('a value may hold an equals sign', async () => {
    expect((await load(valid, { set: ['host=qemu:///session?socket=/x'] })).spec.host).toBe('qemu:///session?socket=/x')
  })

  test('the later one wins; --provider and --host win over both', async () => {
    const { spec } = await load(withLines('provider: auto', 'host: a'), {
      set: ['machine.cpus=3', 'machine.cpus=4', 'host=b'],
      provider: 'kvm',
      host: 'c',
    })
    expect([spec.machine.cpus, spec.provider, spec.host]).toEqual([4, 'kvm', 'c'])
  })

  test('another list entry goes behind the last', async () => {
    const { spec } = await load(withLines('machine: { disks: [{ size: 1GiB }] }'), {
      set: ['machine.disks[1].size=2GiB'],
    })
    expect(spec.machine.disks.map((disk) => disk.size / 1024 ** 3)).toEqual([1, 2])
  })

  test('changes the one entry only, also where an alias shares its value', async () => {
    const text = withLines('machine: { disks: [&d { size: 1GiB }, *d] }')
    const { spec } = await load(text, { set: ['machine.disks[1].size=2GiB'] })
    expect(spec.machine.disks.map((disk) => disk.size / 1024 ** 3)).toEqual([1, 2])
  })

  test('changes the one list only, also where an alias shares it', async () => {
    const text = withLines('machine: { networks: [{ forward: &f [{ guest: 80 }] }, { forward: *f }] }')
    const { spec } = await load(text, { set: ['machine.networks[1].forward[0].guest=81'] })
    expect(spec.machine.networks.map((network) => network.forward[0]?.guest)).toEqual([80, 81])
  })

  test('makes a wrong value of the file right', async () => {
    expect(
      (await load(withLines('machine: { memory: 4GB }'), { set: ['machine.memory=4GiB'] })).spec.machine.memory,
    ).toBe(4 * 1024 ** 3)
  })

  test('counts as given, and so does what lies above it', async () => {
    const loaded = await load(valid, { set: ['machine.cpus=3'] })
    expect([['machine', 'cpus'], ['machine'], ['machine', 'memory']].map((path) => loaded.isGiven(path))).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('a fault of an option points to the option', () => {
  test.each([
    [
      'a wrong value',
      { set: ['machine.memory=8GB'] },
      `--set machine.memory=8GB machine.memory: "GB" has two meanings | PowerShell's 8GB is 8GiB: write 8GiB`,
    ],
    [
      'an unknown key',
      { set: ['machine.memry=8GiB'] },
      "--set machine.memry=8GiB machine.memry: unknown key 'memry' | did you mean memory?",
    ],
    [
      'no value',
      { set: ['machine.memory='] },
      '--set machine.memory= machine.memory: there is no value behind this key | write for example 4GiB',
    ],
    [
      'an unknown provider',
      { provider: 'qemu' },
      "--provider qemu provider: 'qemu' is not one of: auto, kvm | did you mean kvm?",
    ],
    ['an empty host', { host: '' }, '--host  host: host is empty | '],
  ])('%s', async (_what, options, expected) => {
    expect(await faults(valid, options)).toEqual([expected])
  })

  test('and one of the file still to its line', async () => {
    const found = await faults(withLines('machine: { cpus: 0 }'), { set: ['machine.memory=8GB'] })
    expect(found.map((each) => each.split(' ')[0])).toEqual(['4:18', '--set'])
  })
})

describe('what is no --set', () => {
  test.each([
    ['no equals sign', 'machine.memory'],
    ['no key', '=8GiB'],
    ['an empty part', 'machine..memory=1'],
    ['a negative index', 'machine.disks[-1].size=1GiB'],
    ['an index out of the list', 'machine.disks[5].size=1GiB'],
    ['an index of a mapping', 'version[0]=1'],
    ['a key of a list', 'machine.disks.size=1GiB'],
    ['a key of a value', 'name.first=1'],
    ['__proto__', '__proto__.polluted=1'],
    ['a prototype further down', 'machine.__proto__.polluted=1'],
    ['a value that is no YAML', 'machine=['],
    ['a value with a tag', 'name=!!str 1'],
  ])('%s is a usage error that repeats it', async (_what, set) => {
    const text = withLines('machine: { disks: [{}] }')
    await expect(load(text, { set: [set] })).rejects.toMatchObject({ code: 'usage', exitCode: 2 })
    await expect(load(text, { set: [set] })).rejects.toThrow(`--set ${set}`)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
