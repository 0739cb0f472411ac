import { expect, test } from 'vitest'
import { textIn } from '../../../src/host/registry.ts'

const exported = String.raw`Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SOFTWARE\Oracle\VirtualBox]
@="das \"Übliche\""
"InstallDir"="D:\\Programme für VMs\\[VirtualBox]\\"
"Build"=dword:0000002a
"LeaseFile"=hex(2):25,00,50,00,72,00,6f,00,67,00,72,00,61,00,6d,00,44,00,61,00,\
  74,00,61,00,25,00,5c,00,6c,00,00,00

[HKEY_LOCAL_MACHINE\SOFTWARE\Oracle\VirtualBox\Below]
"Other"="x"
`.replaceAll('\n', '\r\n')

const read = (name?: string): string | undefined => textIn(exported, name, { ProgramData: 'C:\\ProgramData' })

test('texts of a key are read with their letters, backslashes, quotes and the names of variables', () => {
  expect(read('InstallDir')).toBe('D:\\Programme für VMs\\[VirtualBox]\\')
  expect(read('installdir')).toBe('D:\\Programme für VMs\\[VirtualBox]\\')
  expect(read()).toBe('das "Übliche"')
  expect(read('LeaseFile')).toBe('C:\\ProgramData\\l')
})

test('what is not there, is no text, or belongs to a key below is nothing', () => {
  expect(read('Version')).toBeUndefined()
  expect(read('Build')).toBeUndefined()
  expect(read('Other')).toBeUndefined()
})
