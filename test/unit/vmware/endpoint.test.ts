import { expect, test } from 'vitest'
import { leasedTo } from '../../../providers/vmware/endpoint.ts'

const now = new Date('2026-11-29T12:00:00Z')
const lease = (address: string, mac: string, ends: string): string =>
  `lease ${address} {\n\tstarts 0 2026/11/29 11:00:00;\n\tends ${ends};\n\thardware ethernet ${mac};\n\tclient-hostname "azl4";\n}\n`

test('the newest lease of the card that is not over', () => {
  const text =
    '# All times in this file are in UTC (GMT)\n' +
    lease('192.168.64.128', '00:50:56:01:02:03', '0 2026/11/29 12:30:00') +
    lease('192.168.64.129', '00:50:56:01:02:03', '0 2026/11/29 12:40:00') +
    lease('192.168.64.130', '00:50:56:01:02:03', '0 2026/11/29 11:59:59') +
    lease('192.168.64.131', '00:50:56:01:02:04', 'never')
  expect(leasedTo('00:50:56:01:02:03', text, now)).toBe('192.168.64.129')
  expect(leasedTo('00:50:56:01:02:04', text, now)).toBe('192.168.64.131')
  expect(leasedTo('00:50:56:01:02:05', text, now)).toBeUndefined()
})

test('macOS’ own server leaves zeros out of addresses', () => {
  const text = '{\n\tname=azl4\n\tip_address=192.168.64.3\n\thw_address=1,0:50:56:1:a:3\n\tlease=0x5f\n}\n'
  expect(leasedTo('00:50:56:01:0a:03', text, now)).toBe('192.168.64.3')
})
