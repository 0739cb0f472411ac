import { expect, test } from 'vitest'
import { settingsFileIn } from '../../../providers/virtualbox/claim.ts'

test.each([
  ['in English', "Virtual machine 'a' is created.\nSettings file: '/vms/it's/a/a.vbox'\n", "/vms/it's/a/a.vbox"],
  [
    'on Windows, in French',
    "La machine virtuelle 'a' est créée et enregistrée.\r\nFichier d'installation : 'C:\\Mes VMs\\a\\a.vbox'\r\n",
    'C:\\Mes VMs\\a\\a.vbox',
  ],
  ['on a share', "Datei: '\\\\host\\vms\\a\\a.vbox'\r\n", '\\\\host\\vms\\a\\a.vbox'],
  ['not at all', "Virtual machine 'a.vbox' is created.\nUUID: 11111111-2222-4333-8444-555555555555\n", undefined],
])('the settings file that createvm tells, %s', (_where, said, file) => {
  expect(settingsFileIn(said)).toBe(file)
})
