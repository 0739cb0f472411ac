import { statSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { moveFile } from '../../../src/store/move-file.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

/** Linux' memory, where that is another file system than the temporary files'. */
const elsewhere = '/dev/shm'
const device = (folder: string): number | undefined => statSync(folder, { throwIfNoEntry: false })?.dev
const hasElsewhere = ![undefined, device(tmpdir())].includes(device(elsewhere))

test.runIf(hasElsewhere)('a file is moved to another file system, but not onto what is there', async () => {
  const folder = await mkdtemp(join(elsewhere, 'azl-vm-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const from = join(await temporaryFolder({ disk: 'bytes' }), 'disk')
  await moveFile(from, join(folder, 'disk'))
  expect(await readFile(join(folder, 'disk'), 'utf8')).toBe('bytes')
  await writeFile(from, 'others')
  await expect(moveFile(from, join(folder, 'disk'))).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await readFile(join(folder, 'disk'), 'utf8')).toBe('bytes')
})
