import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../../src/store/make-folder.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

test('a folder is made with those above it, and one that is there is done', async () => {
  const folder = join(await temporaryFolder(), 'a', 'b', 'c')
  makeFolder(folder, 0o700)
  makeFolder(folder, 0o700)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

test('a file in its place is an error', async () => {
  const folder = await temporaryFolder({ a: '' })
  expect(() => makeFolder(join(folder, 'a'), 0o700)).toThrow(expect.objectContaining({ code: 'EEXIST' }) as Error)
  expect(() => makeFolder(join(folder, 'a', 'b'), 0o700)).toThrow(expect.objectContaining({ code: 'ENOTDIR' }) as Error)
})

test.runIf(process.platform === 'linux')('where the system makes no folders (/proc) it ends with the reason', () => {
  expect(() => makeFolder('/proc/azl-vm/b/c', 0o700)).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error)
})
