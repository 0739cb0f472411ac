import { expect, test } from 'vitest'
import { isSamePath } from '../../../providers/vmware/names.ts'

test('a separator at the end of a folder makes it no other folder', () => {
  expect(isSamePath('D:\\VMs\\', 'd:/vms', 'win32')).toBe(true)
  expect(isSamePath('/srv/VMs/', '/srv/VMs', 'linux')).toBe(true)
  expect(isSamePath('/srv/VMs', '/srv/vms', 'linux')).toBe(false)
})
