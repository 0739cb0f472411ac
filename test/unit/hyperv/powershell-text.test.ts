import { describe, expect, test } from 'vitest'
import { call, code, given } from '../../../providers/hyperv/powershell-text.ts'
import { literal } from '../../../src/provider/powershell-literal.ts'

describe('a value in PowerShell', () => {
  const texts: readonly (readonly [what: string, text: string, source: string])[] = [
    ['nothing', '', `''`],
    ['a plain text', 'D:\\VMs\\azl4', `'D:\\VMs\\azl4'`],
    ['a quote', `it's`, `'it''s'`],
    ['what is code elsewhere', '$(calc) `"$x" ; & {%~}', '\'$(calc) `"$x" ; & {%~}\''],
    ['an umlaut', 'Prüfung', `('Pr' + [char]0x00fc + 'fung')`],
    ['an umlaut at its begin', 'ü', `('' + [char]0x00fc)`],
    ['typographic quotes, which end a text too', 'a’; calc; ‘', `('a' + [char]0x2019 + '; calc; ' + [char]0x2018)`],
    ['line ends', 'a\r\nb', `('a' + [char]0x000d + [char]0x000a + 'b')`],
    ['a letter of two units', '𝒳', `('' + [char]0xd835 + [char]0xdcb3)`],
  ]
  test.each(texts)('%s', (_, text, source) => {
    expect(literal(text)).toBe(source)
  })
})

test('a call names its module, its parameters and their values', () => {
  const parameters = { VM: code('$vm'), Notes: `it's`, ProcessorCount: 2, Nested: false, Force: given, Path: undefined }
  expect(call('Set-VM', parameters)).toBe(
    String.raw`Hyper-V\Set-VM -VM $vm -Notes 'it''s' -ProcessorCount 2 -Nested $false -Force`,
  )
})
