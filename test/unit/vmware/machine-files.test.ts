import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inMachinesFolder, writeMachineFile } from '../../../providers/vmware/machine-files.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

test('a .vmx that cannot be written is told of its folder, not of azl-vm’s state', async () => {
  const notAFolder = join(await temporaryFolder(), 'file')
  await writeFile(notAFolder, '')
  await expect(writeMachineFile(join(notAFolder, 'azl4.vmx'), '')).rejects.toMatchObject({
    code: 'backend-failed',
    message: expect.stringContaining('azl4.vmx cannot be written') as string,
    hint: expect.stringContaining('storage.path') as string,
  })
})

test.each([
  ['EACCES', 'permission-denied'],
  ['EROFS', 'permission-denied'],
  ['ENOSPC', 'no-space'],
])('%s is %s', async (code, expected) => {
  const fail = (): never => {
    throw Object.assign(new Error(code), { code })
  }
  await expect(inMachinesFolder('/machines', fail)).rejects.toMatchObject({ code: expected })
})
