/** What is no machine's is removed by a second look only, and what cannot be removed now stays for gc. */
import { expect, test } from 'vitest'
import type { Call } from '../../../src/provider/contract.ts'
import { recorderLeftovers, removeIfStillLeft, sweepAfterwards } from '../../../src/provider/leftovers.ts'

const folder = { id: 'folder:/vms/a', what: 'folder /vms/a', runId: undefined }

function callWith(signal: AbortSignal, warned: string[] = []): Call {
  return { signal, debug: () => {}, progress: () => {}, warn: (code) => warned.push(code) }
}

test('what a machine came to use since it was listed is not removed', async () => {
  const removed: string[] = []
  const remove = async (): Promise<boolean> => removed.push(folder.id) > 0
  expect(await removeIfStillLeft(folder, async () => [{ ...folder, id: 'folder:/vms/b' }], remove)).toBe(false)
  expect(removed).toEqual([])
  expect(await removeIfStillLeft(folder, async () => [folder], remove)).toBe(true)
  expect(removed).toEqual([folder.id])
})

test('what a recorder kept of a machine that is there is no leftover', () => {
  const found = recorderLeftovers(['there', 'gone'], [{ ref: { name: 'azl4', id: 'there' } }])
  expect(found.map(({ id }) => id)).toEqual(['recorder:gone'])
})

test('what cannot be swept is told; an interruption is not taken for that', async () => {
  const warned: string[] = []
  const refuse = (): Promise<void> => Promise.reject(new Error('in use'))
  await sweepAfterwards(callWith(new AbortController().signal, warned), refuse)
  expect(warned).toEqual(['not-swept'])
  await expect(sweepAfterwards(callWith(AbortSignal.abort()), refuse)).rejects.toThrow('in use')
})
