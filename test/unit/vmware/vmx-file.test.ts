import { describe, expect, test } from 'vitest'
import { VmxFile } from '../../../providers/vmware/vmx-file.ts'
import { readDictionary, valueOf } from '../../simulators/vmware/dictionary.mjs'

const hard = [
  'plain',
  'C:\\Users\\Jörg\\azl "4".iso',
  'a|22b',
  'tab\there',
  'line\r\nend',
  '# no comment',
  ' spaces ',
  '{"v":1}',
  '',
]

describe('a .vmx', () => {
  test.each(hard)('keeps the value %j, for azl-vm and for a reader of its own', (value) => {
    const text = VmxFile.of([['azlvm.mark', value]]).toString()
    expect(text.split('\n')).toHaveLength(2)
    expect(VmxFile.parse(text).get('AzlVm.Mark')).toBe(value)
    expect(valueOf(readDictionary(text), 'azlvm.mark')).toBe(value)
  })

  test('a change leaves the other lines as they are, also those that are no setting', () => {
    const text = '.encoding = "UTF-8"\n# mine\nsata0:0.fileName="a.iso"\nmemsize = 512 # bare\n'
    const changed = VmxFile.parse(text).with(['SATA0:0.filename', 'b.iso'], ['new', '1'])
    expect(changed.toString()).toBe(
      '.encoding = "UTF-8"\n# mine\nSATA0:0.filename = "b.iso"\nmemsize = 512 # bare\nnew = "1"\n',
    )
    expect(changed.get('memsize')).toBe('512')
    expect(changed.without((key) => key.startsWith('sata0:0.')).toString()).not.toContain('b.iso')
  })

  test('one that Windows wrote is read as well', () => {
    const vmx = VmxFile.parse('\uFEFF.encoding = "windows-1252"\r\ndisplayName = "azl4"\r\n')
    expect(vmx.get('.encoding')).toBe('windows-1252')
    expect(vmx.get('displayName')).toBe('azl4')
  })
})
