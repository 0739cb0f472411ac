import { expect, test } from 'vitest'
import { toolError } from '../../../providers/vmware/errors.ts'

const says = (stdout: string) => toolError('start azl4', { exitCode: 255, stdout, stderr: '' }).code

test('that a machine cannot be opened is told as gone only where VMware says that it is not found', () => {
  const file = 'Error: Cannot open VM: /home/you/vmware/azl4.azl-vm/azl4.vmx'
  expect(says(`${file}, The virtual machine cannot be found\n`)).toBe('machine-not-found')
  expect(says(`${file}: Cannot allocate memory\n`)).toBe('backend-failed')
})
