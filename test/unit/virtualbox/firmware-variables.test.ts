import { expect, test } from 'vitest'
import { variablesIn } from '../../../providers/virtualbox/firmware-variables.ts'

/** One entry of a tar archive (POSIX ustar). */
function entry(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('ustar\0', 257)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

test('a store of variables alone is taken whole', () => {
  const store = Buffer.alloc(1024, 7)
  expect(variablesIn(store)).toEqual(store)
})

test('of an archive the variables are taken, and the TPM is not', () => {
  const variables = Buffer.alloc(700, 3)
  const archive = Buffer.concat([
    entry('tpm/permall', Buffer.alloc(600, 1)),
    entry('efi/nvram', variables),
    Buffer.alloc(1024),
  ])
  expect(variablesIn(archive)).toEqual(variables)
  expect(variablesIn(Buffer.concat([entry('tpm/permall', Buffer.alloc(5)), Buffer.alloc(1024)]))).toBeUndefined()
})
