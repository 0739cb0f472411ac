import { expect, test } from 'vitest'
import { withMedium, machineVmx } from '../../../providers/vmware/machine-vmx.ts'
import type { MachineShape } from '../../../providers/vmware/parameters.ts'
import { knownKeys, requireKnown } from '../../../providers/vmware/vmx-keys.ts'
import { vmwareShape } from '../../support/vmware-shape.ts'

const shape: MachineShape = {
  ...vmwareShape,
  networks: [
    { mode: 'nat', mac: '52:54:00:12:34:56' },
    { mode: 'host-only', mac: '52:54:00:12:34:57' },
    { mode: 'bridged', mac: '52:54:00:12:34:58' },
    { mode: 'isolated', mac: '52:54:00:12:34:59', segment: '0123456789abcdef0123456789abcdef' },
  ],
}

test('an x86_64 guest has the devices that Azure Linux’s kernel has drivers for, on root ports', () => {
  const vmx = machineVmx(shape, '{}')
  const said = [
    'firmware',
    'uefi.secureBoot.enabled',
    'nvme0:1.fileName',
    'sata0:0.deviceType',
    'serial0.pipe.endPoint',
  ]
  expect(said.map((key) => vmx.get(key))).toEqual(['efi', 'TRUE', 'disk1.vmdk', 'cdrom-raw', 'server'])
  expect([0, 1, 2, 3].map((index) => vmx.get(`ethernet${String(index)}.virtualDev`))).toEqual(Array(4).fill('e1000e'))
  expect([0, 1, 2, 3].map((index) => vmx.get(`ethernet${String(index)}.connectionType`))).toEqual([
    'nat',
    'hostonly',
    'bridged',
    'pvn',
  ])
  expect(vmx.get('uuid.bios')).toBe('5f 2c 9a 01 00 00 40 00-80 00 01 23 45 67 89 ab')
  expect(vmx.get('pciBridge7.virtualDev')).toBe('pcieRootPort')
})

test('an aarch64 guest has vmxnet3, for its kernel has no e1000e', () => {
  const vmx = machineVmx({ ...shape, architecture: 'aarch64', secureBoot: false })
  expect(vmx.get('ethernet0.virtualDev')).toBe('vmxnet3')
  expect(vmx.get('guestOS')).toBe('arm-other6xlinux-64')
})

test.each([
  ['a key that nobody knows', 'serial0.network.endPoint', 'server'],
  ['a value that is not VMware’s', 'serial0.pipe.endPoint', 'Server'],
  ['a value with a second line', 'displayName', 'azl4\nuefi.secureBoot.enabled = "FALSE"'],
])('%s is not written', (_what, key, value) => {
  expect(() => requireKnown([[key, value]])).toThrow(/no line for a \.vmx/)
})

test('every key of the table is written by some machine, and says who tells it', () => {
  const vmx = [
    machineVmx(shape, '{}'),
    withMedium(machineVmx({ ...shape, architecture: 'aarch64' }), 'sata0:0', '/azl.iso'),
  ]
  const written = new Set(vmx.flatMap(({ entries }) => entries.map(([key]) => key.replace(/(?<=[a-z]|:)\d+/g, '#'))))
  expect(knownKeys.filter(({ key }) => !written.has(key.replace(/(?<=[a-z])0/g, '#'))).map(({ key }) => key)).toEqual(
    [],
  )
  expect(knownKeys.filter(({ source }) => source.trim() === '')).toEqual([])
})
