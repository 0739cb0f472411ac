import { describe, expect, test } from 'vitest'
import { faults, refusal, valid, withLines } from './helpers.ts'

describe('faults of values', () => {
  test.each([
    ['4GB, which has two meanings', 'machine: { memory: 4GB }', "PowerShell's 4GB is 4GiB: write 4GiB"],
    ['a bare number', 'machine: { memory: 4 }', 'write 4GiB'],
    ['a number of mebibytes', 'machine: { memory: 4096 }', 'write 4096MiB'],
    ['a number of bytes', 'machine: { memory: 4294967296 }', 'write 4GiB'],
    ['a fraction', 'machine: { memory: 1.5GiB }', 'write 1536MiB'],
    ['a blank before the unit', 'machine: { memory: 4 GiB }', 'write 4GiB'],
    ["libvirt's short units", 'machine: { memory: 4G }', 'write 4GiB'],
    ['no number at all', 'machine: { memory: lots }', 'write for example 4GiB'],
    ['a negative size', 'machine: { memory: -4GiB }', 'write for example 4GiB'],
    ['too much memory', 'machine: { memory: 999999TiB }', 'write a size from 64MiB to 12TiB'],
    ['too small a disk', 'machine: { disks: [{ size: 1MiB }] }', 'write a size from 16MiB to 63TiB'],
    ['a bare duration', 'timeouts: { boot: 300 }', 'write 300s for seconds or 300m for minutes'],
    ['a duration in words', 'timeouts: { boot: 5 minutes }', 'write 5m'],
    ['milliseconds', 'timeouts: { boot: 500ms }', 'write for example 90s, 5m, 1h or 7d'],
    ['arm64', 'arch: arm64', 'did you mean aarch64?'],
    ['amd64', 'arch: amd64', 'did you mean x86_64?'],
    ['x64', 'arch: x64', 'did you mean x86_64?'],
    ['libvirt', 'provider: libvirt', 'did you mean kvm?'],
    ['qemu', 'provider: qemu', 'did you mean kvm?'],
    ['a mistyped mode', 'machine: { networks: [{ mode: brdiged }] }', 'did you mean bridged?'],
    ['a mode in capitals', 'machine: { networks: [{ mode: NAT }] }', 'did you mean nat?'],
    ['yes for true', 'machine: { nestedVirtualization: yes }', 'did you mean true?'],
    ['on for true', 'machine: { firmware: { secureBoot: on } }', 'did you mean true?'],
    ['a mistyped onFailure', 'onFailure: destroy', 'did you mean remove?'],
    ['no processors', 'machine: { cpus: 0 }', 'at least 1'],
    ['half a processor', 'machine: { cpus: 1.5 }', 'write for example 2'],
    ['too many network cards', `machine: { networks: [${'{},'.repeat(9)}] }`, 'at most 8'],
    ['a port that is none', 'machine: { networks: [{ forward: [{ guest: 70000 }] }] }', 'at most 65535'],
    [
      'forward where it does nothing',
      'machine: { networks: [{ mode: bridged, forward: [{ guest: 80 }] }] }',
      'remove forward, or use mode nat',
    ],
    [
      'a multicast hardware address',
      'machine: { networks: [{ mac: 01:00:5e:00:00:01 }] }',
      'write an even first byte, such as 52',
    ],
    [
      'half a hardware address',
      "machine: { networks: [{ mac: '52:54' }] }",
      'write auto, or six bytes in hexadecimal such as 52:54:00:12:34:56',
    ],
    [
      'a list for a mapping',
      'machine: [1]',
      'keys: cpus, memory, disks, firmware, nestedVirtualization, acceleration, networks; or remove this key',
    ],
    ['a mapping for a list', 'machine: { disks: { size: 1GiB } }', "a list's entries begin with '- '"],
    ['a key with nothing behind it', 'machine: { memory: }', 'write for example 4GiB'],
    ["another provider's key", 'hyperv: { switch: a }', 'known here: '],
  ])('%s: one fault that says what to write', async (_what, line, hint) => {
    const found = await faults(withLines(line))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`| ${hint}`)
    expect(found[0]).toMatch(/^4:\d+ /)
  })

  test('two network cards cannot have one hardware address; auto does not count', async () => {
    const macs = ['auto', '52:54:00:00:00:01', 'auto', '52-54-00-00-00-01']
    const found = await faults(
      withLines(`machine: { networks: [${macs.map((mac) => `{ mac: '${mac}' }`).join(', ')}] }`),
    )
    expect(found).toEqual([expect.stringContaining('machine.networks.3.mac: two network cards')])
  })

  test('one host port cannot lead to two guest ports; any may come again', async () => {
    const line =
      'machine: { networks: [{ forward: [{ host: 8080, guest: 1 }, { guest: 2 }, { guest: 3 }, { host: 8080, guest: 4 }] }] }'
    expect(await faults(withLines(line))).toEqual([
      expect.stringContaining('forward.3.host: this port is forwarded twice'),
    ])
  })

  test('one host port cannot lead to two network cards', async () => {
    const line =
      'machine: { networks: [{ forward: [{ host: 8080, guest: 1 }] }, { forward: [{ guest: 2 }, { host: 8080, guest: 3 }] }] }'
    expect(await faults(withLines(line))).toEqual([
      expect.stringContaining('networks.1.forward.1.host: this port is forwarded by another network card'),
    ])
  })
})

describe('faults of keys', () => {
  test.each([
    ['a key at the top that belongs below machine', 'memory: 4GiB', 'did you mean machine.memory?'],
    ["another tool's word", 'ram: 4GiB', 'did you mean machine.memory?'],
    ['a mistyped key', 'machine: { memry: 4GiB }', 'did you mean memory?'],
    ['a key in other letters', 'machine: { firmware: { secureboot: true } }', 'did you mean secureBoot?'],
    ['a key of an entry of a list', 'machine: { disks: [{}, { sise: 1GiB }] }', 'did you mean size?'],
    ['a key that belongs to the top', 'machine: { arch: x86_64 }', 'did you mean arch?'],
    ['iso at the top', 'iso: x.iso', 'did you mean source.iso?'],
    ['a key of later work', 'install: { mode: none }', 'known here: version, name,'],
    ['a key that every object inherits', 'constructor: 1', 'known here: version, name,'],
  ])('%s', async (_what, line, hint) => {
    const found = await faults(withLines(line))
    expect(found).toEqual([expect.stringContaining(`unknown key`)])
    expect(found[0]).toContain(hint)
  })

  test('__proto__ is an unknown key and pollutes nothing', async () => {
    expect(await faults(withLines('__proto__: { polluted: true }'))).toEqual(['4:1 __proto__: unknown key | '])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('missing keys are named, each with what to write', async () => {
    expect(await faults('arch: x86_64\n')).toEqual([
      "1:1 version: the key 'version' is missing | write 1",
      "1:1 name: the key 'name' is missing | write for example azl4-eval",
      "1:1 source: the key 'source' is missing | write { iso: ./your.iso } or { probe: {} }",
    ])
  })

  test.each([
    ['another version', 'version: 2\nname: a\nsource: { probe: {} }\n', '1:10 version: 2 is not 1 | write 1'],
    [
      'a name that YAML reads as a number',
      'version: 1\nname: 123\nsource: { probe: {} }\n',
      "2:7 name: expected text, found 123 | put it in quotes to make it text: '123'",
    ],
    [
      'nothing to boot',
      'version: 1\nname: a\nsource: {}\n',
      '3:9 source: nothing to boot | write { iso: ./your.iso } or { probe: {} }',
    ],
    [
      'two things to boot',
      'version: 1\nname: a\nsource: { iso: x, probe: {} }\n',
      '3:26 source.probe: iso and probe cannot be given together | remove one of the two',
    ],
    [
      'a checksum of nothing',
      `version: 1\nname: a\nsource: { probe: {}, checksum: 'sha256:${'0'.repeat(64)}' }\n`,
      '3:32 source.checksum: checksum without iso | a checksum belongs to an iso: add iso, or remove it',
    ],
    [
      'a checksum that is none',
      'version: 1\nname: a\nsource: { iso: x, checksum: md5:1 }\n',
      '3:29 source.checksum: not a checksum | write sha256: and 64 hexadecimal digits, as sha256sum prints them',
    ],
    [
      'an address instead of a file',
      'version: 1\nname: a\nsource: { iso: "https://host/x.iso" }\n',
      '3:16 source.iso: an address is not a path | download the file, and write the path where it is',
    ],
  ])('%s', async (_what, text, expected) => {
    expect(await faults(text)).toEqual([expected])
  })
})

describe('all faults at once', () => {
  const text = [
    'version: 1',
    'name: "not a name"',
    'memory: 4GiB',
    'source: { iso: x.iso }',
    'machine:',
    '  cpus: none',
    '  memory: 4GB',
    '',
  ].join('\r\n')

  test('in the order of the lines, each with its place, the line, a caret and what to write', async () => {
    const error = await refusal(text)
    expect(error.message).toBe('azl-vm.yaml cannot be used: 4 faults')
    expect(error.evidence).toEqual([
      'azl-vm.yaml:2:7: name: not a name for a machine',
      '    name: "not a name"',
      '          ^',
      '  use at most 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit',
      "azl-vm.yaml:3:1: unknown key 'memory'",
      '    memory: 4GiB',
      '    ^',
      '  did you mean machine.memory?',
      "azl-vm.yaml:6:9: machine.cpus: expected a whole number, found 'none'",
      '      cpus: none',
      '            ^',
      '  write for example 2',
      'azl-vm.yaml:7:11: machine.memory: "GB" has two meanings',
      '      memory: 4GB',
      '              ^',
      "  PowerShell's 4GB is 4GiB: write 4GiB",
    ])
  })
})

describe('hostile names', () => {
  test.each([
    ['quotes', `'a"b'`],
    ['a shell substitution', "'$(reboot)'"],
    ['a path', "'../../etc/passwd'"],
    ['a line break', '"a\\nb"'],
    ['an escape sequence of terminals', '"a\\e[2Jb"'],
    ['300 characters', 'a'.repeat(300)],
    ['a hyphen first', "'-rf'"],
    ['nothing', "''"],
    ['a letter that is not ASCII', 'été'],
  ])('%s: refused in one line that no terminal obeys', async (_what, name) => {
    const error = await refusal(valid.replace('name: a', `name: ${name}`))
    expect(error.diagnostics).toHaveLength(1)
    for (const line of [error.message, ...error.evidence]) {
      // eslint-disable-next-line no-control-regex -- finding control characters is the point
      expect(line).not.toMatch(/[\u0000-\u001f]/)
      expect(line.length).toBeLessThan(200)
    }
  })
})
