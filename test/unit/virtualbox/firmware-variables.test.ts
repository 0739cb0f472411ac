import { expect, test } from 'vitest'
import { variablesIn } from '../../../providers/virtualbox/firmware-variables.ts'
import { tarEntry } from '../../support/tar-entry.ts'

test('a store of variables alone is taken whole', () => {
  const store = Buffer.alloc(1024, 7)
  expect(variablesIn(store)).toEqual(store)
})

test('of an archive the variables are taken, and the TPM is not', () => {
  const variables = Buffer.alloc(700, 3)
  const archive = Buffer.concat([
    tarEntry('tpm/permall', Buffer.alloc(600, 1)),
    tarEntry('efi/nvram', variables),
    Buffer.alloc(1024),
  ])
  expect(variablesIn(archive)).toEqual(variables)
  expect(variablesIn(Buffer.concat([tarEntry('tpm/permall', Buffer.alloc(5)), Buffer.alloc(1024)]))).toBeUndefined()
})
