import { expect, test } from 'vitest'
import { comparedCards, comparedDisk, observedKeys } from '../../../src/provider/observation.ts'
import { kvmRequest } from '../kvm/kvm-request.ts'

const GiB = 1024 ** 3

test('an object is done where every key is as wanted, and different in those that are not', () => {
  expect(observedKeys([['machine.cpus', 2, 2], comparedDisk(0, GiB, GiB)])).toEqual({ is: 'done' })
  expect(observedKeys([['machine.cpus', 2, 2], comparedDisk(1, GiB, 2 * GiB)])).toEqual({
    is: 'different',
    differences: [{ key: 'machine.disks[1].size', wanted: '1GiB', found: '2GiB' }],
  })
})

test('an address that was minted is no difference, one that the spec says is', () => {
  const said = { mode: 'nat', mac: '52:54:00:00:00:01' } as const
  const other = [{ ...said, mac: '52:54:00:00:00:02' }]
  const found = (mac: string): unknown =>
    observedKeys(comparedCards(kvmRequest({ machine: { networks: [{ mode: 'nat', mac }] } }), [said], other))
  expect(found('auto')).toEqual({ is: 'done' })
  expect(found(said.mac)).toMatchObject({ differences: [{ key: 'machine.networks[0].mac', found: other[0]?.mac }] })
})

test('of cards that are too many or missing, the number is the difference', () => {
  const card = { mode: 'nat', mac: '52:54:00:00:00:01' }
  const request = kvmRequest()
  const differs = (wanted: string, found: string): unknown => ({
    is: 'different',
    differences: [{ key: 'machine.networks', wanted, found }],
  })
  expect(observedKeys(comparedCards(request, [card], []))).toEqual(differs('1 network card', '0 network cards'))
  expect(observedKeys(comparedCards(request, [card], [card, card]))).toEqual(
    differs('1 network card', '2 network cards'),
  )
})
