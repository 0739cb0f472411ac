import { expect, test } from 'vitest'
import { dependent, requireNoDependents } from '../../../src/provider/dependents.ts'

const ref = { name: 'vb1', id: '1' }
const clone = dependent({ name: 'twin', id: '2' }, true)
const other = dependent({ name: 'user1', id: '3' }, false)

function refusal(...dependents: Parameters<typeof requireNoDependents>[1]): unknown {
  try {
    requireNoDependents(ref, dependents)
    return undefined
  } catch (error) {
    return error
  }
}

test('a clone is to be destroyed first; a machine that azl-vm did not make is not given to `azl-vm destroy`', () => {
  expect(refusal()).toBeUndefined()
  expect(refusal(clone)).toMatchObject({
    message: 'the machine "vb1" holds a disk that its clone "twin" needs; nothing was removed',
    hint: 'Destroy the clone first: `azl-vm destroy twin`.',
  })
  expect(refusal(clone, other)).toMatchObject({
    message:
      'the machine "vb1" holds a disk that its clone "twin" and "user1", which azl-vm did not make, need; nothing was removed',
    hint: 'Destroy the clone first: `azl-vm destroy twin`. Remove "user1", or detach the disk there, with the hypervisor’s own program.',
  })
})
