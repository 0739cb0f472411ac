import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parentOf } from '../../../providers/vmware/disk-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmdk-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('what a disk in several files lies on is read from its descriptor, which is a text alone', async () => {
  const file = join(folder, 'mine-cl1.vmdk')
  const lines = ['# Disk DescriptorFile', 'version=1', 'createType="twoGbMaxExtentSparse"']
  await writeFile(file, [...lines, 'parentFileNameHint="../vw1/disk0.vmdk"', ''].join('\n'))
  expect(await parentOf(file)).toBe(join(folder, '..', 'vw1', 'disk0.vmdk'))
})

test('bytes of a guest that look like a descriptor are none', async () => {
  const file = join(folder, 'flat.vmdk')
  await writeFile(file, '\nparentFileNameHint="/etc/passwd"\n')
  expect(await parentOf(file)).toBeUndefined()
})
