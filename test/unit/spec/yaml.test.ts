import { describe, expect, test } from 'vitest'
import { faults, load, refusal, valid, withLines } from './helpers.ts'

describe('what is no YAML, or none that a spec may hold', () => {
  test.each([
    [
      'a tab as indentation',
      `${valid}machine:\n\tcpus: 2\n`,
      '5:1 : a tab in the indentation: YAML allows spaces only | replace the tab with two spaces',
    ],
    ['a tab after blanks', `${valid}machine:\n  \tcpus: 2\n`, '5:3 : a tab in the indentation'],
    [
      'a Windows path in double quotes',
      'version: 1\nname: a\nsource:\n  iso: "D:\\isos\\x.iso"\n',
      "4:8 : a backslash in double quotes begins an escape sequence, and this is none | write it in single quotes: 'D:\\isos\\x.iso'",
    ],
    [
      'a duplicate key',
      `${valid}name: b\n`,
      '4:1 name: this key is here twice | it is also in line 2: keep one of the two',
    ],
    [
      'a duplicate key below',
      `${valid}machine:\n  cpus: 1\n  cpus: 2\n`,
      '6:3 machine.cpus: this key is here twice | it is also in line 5',
    ],
    ['two documents', `${valid}---\n${valid}`, '4:1 : a second YAML document begins here'],
    [
      'a merge key',
      `${valid}machine:\n  <<: { cpus: 2 }\n`,
      '5:3 machine.<<: merge keys (<<) are not read in a spec | write the keys out',
    ],
    ['a number as a key', `${valid}1: 2\n`, '4:1 : this key is no word'],
    ['an empty key', `${valid}: 2\n`, '3:1 : this key is no word'],
    ['a list as a key', `${valid}? [1]\n: 2\n`, '4:3 : this key is no word'],
    ['a tag', `${valid}arch: !!str x86_64\n`, '4:7 arch: the tag !!str is not read in a spec'],
    ['an unclosed bracket', `${valid}machine: { disks: [\n`, 'a bracket, brace or quote is not closed'],
    [
      'wrong indentation',
      `${valid}machine:\n  cpus: 2\n memory: 4GiB\n`,
      'keys of one mapping begin in the same column',
    ],
    ['a colon in a value', `${valid}host: a: b\n`, 'a value that holds ": " needs single quotes'],
    [
      'a value that begins with @',
      `${valid}host: @x\n`,
      '4:7 : not YAML: a value cannot begin with @ | write the value in single quotes',
    ],
    ['an alias of nothing', `${valid}host: *x\n`, '4:7 host: the alias *x has no finished anchor &x above it'],
    [
      'an alias inside its own anchor',
      `${valid}machine: &m { disks: [*m] }\n`,
      'the alias *m has no finished anchor &m above it',
    ],
    ['prose', 'This is not a spec, but a letter.\n', '1:1 : a spec is a mapping of keys, and this is a single value'],
    ['a list', '- version: 1\n', '1:1 : a spec is a mapping of keys, and this is a list'],
    ['nothing', '', '1:1 : the spec is empty'],
    ['comments only', '# version: 1\n\n', '1:1 : the spec is empty'],
    ['a document mark only', '---\n', '1:1 : the spec is empty'],
  ])('%s', async (_what, text, expected) => {
    const found = await faults(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
  })

  test('a Windows path that parses to control characters is refused with the same advice', async () => {
    const [found] = await faults('version: 1\nname: a\nsource: { iso: "C:\\temp\\new.iso" }\n')
    expect(found).toContain('3:16 source.iso: the path holds control characters')
    expect(found).toContain("write the path in single quotes, as in 'C:\\isos\\azl.iso'")
  })

  test('a Windows path in single quotes, or in none, is a path', async () => {
    const { spec } = await load(withLines("storage: { path: 'D:\\VMs\\new' }"))
    expect(spec.storage).toEqual({ path: 'D:\\VMs\\new' })
    expect((await load(withLines('storage:', '  path: D:\\VMs\\new'))).spec.storage).toEqual(spec.storage)
  })

  test('several faults of the YAML are shown at once', async () => {
    expect(await faults(`${valid}name: b\n1: 2\nhost: *x\n`)).toHaveLength(3)
  })
})

describe('aliases', () => {
  test('an alias repeats a value, and a fault in it is shown where it is used', async () => {
    const { spec } = await load(withLines('machine: { disks: [&d { size: 1GiB }, *d] }'))
    expect(spec.machine.disks).toEqual([{ size: 1024 ** 3 }, { size: 1024 ** 3 }])
    const found = await faults(withLines('machine:', '  disks:', '  - &d { size: 1 }', '  - *d'))
    expect(found.map((each) => each.split(' ')[0])).toEqual(['6:16', '7:5'])
  })

  test('a bomb of nested aliases is not unfolded: it is one fault', async () => {
    const levels = Array.from({ length: 30 }, (_, index) => {
      const inner = index === 0 ? '1' : `*l${index - 1}`
      return `l${index}: &l${index} [${Array.from({ length: 5 }, () => inner).join(', ')}]`
    })
    expect(await faults(`${valid}${levels.join('\n')}\n`)).toEqual([expect.stringContaining('more than 10000 values')])
  })

  test('many aliases of one value are refused too', async () => {
    const text = `${valid}x: &x 1\ny: [${'*x, '.repeat(20_000)}]\n`
    expect(await faults(text)).toEqual([expect.stringContaining('more than 10000 values')])
  })

  test('brackets without end are refused', async () => {
    expect(await faults(`${valid}x: ${'['.repeat(5000)}\n`)).toEqual([expect.stringContaining('nested too deeply')])
  })
})

describe('encodings', () => {
  const utf16 = (text: string) => Buffer.from(text, 'utf16le')
  const swapped = (text: string) => utf16(text).swap16()
  const mark = Buffer.from([0xef, 0xbb, 0xbf])

  test.each([
    ['UTF-8 with a byte order mark', Buffer.concat([mark, Buffer.from(valid)])],
    ['UTF-16 LE with a mark, as PowerShell writes it', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(valid)])],
    ['UTF-16 BE with a mark', Buffer.concat([Buffer.from([0xfe, 0xff]), swapped(valid)])],
    ['UTF-16 LE without a mark', utf16(valid)],
    ['UTF-16 BE without a mark', swapped(valid)],
    ['CR LF', Buffer.from(valid.replaceAll('\n', '\r\n'))],
    ['CR alone', Buffer.from(valid.replaceAll('\n', '\r'))],
  ])('%s is read', async (_what, bytes) => {
    expect((await load(bytes)).spec.name).toBe('a')
  })

  test('a byte order mark moves no column', async () => {
    const bytes = Buffer.concat([mark, Buffer.from('versio: 1\nname: a\nsource: { probe: {} }\n')])
    expect((await faults(bytes))[0]).toMatch(/^1:1 /)
  })

  test.each([
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x76, 0, 0, 0]), 'the file is UTF-32'],
    ['Latin-1', Buffer.from([...Buffer.from('version: 1\nname: '), 0xe9, 0x0a]), 'the file is not valid UTF-8'],
    ['NUL bytes', Buffer.from(`${valid}\0`), 'it holds NUL bytes'],
    ['an executable', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0xff, 0xfe]), 'the file is not text'],
    ['half a UTF-16 character', Buffer.from([0xff, 0xfe, 0x76]), 'the file is not valid UTF-16LE'],
  ])('%s is refused with one message', async (_what, bytes, message) => {
    const error = await refusal(bytes)
    expect(error.message).toContain(message)
    expect(error.exitCode).toBe(2)
  })
})

describe('the excerpt of a long line', () => {
  test('is cut around the column, so that the caret stands below it', async () => {
    const { diagnostics } = await refusal(
      withLines(`machine: { ${' '.repeat(400)}cpus: 0, ${' '.repeat(400)}memory: 4GiB }`),
    )
    const [line = '', caret = ''] = diagnostics[0]?.excerpt ?? []
    expect(line.length).toBeLessThan(100)
    expect(line[caret.indexOf('^')]).toBe('0')
  })
})
