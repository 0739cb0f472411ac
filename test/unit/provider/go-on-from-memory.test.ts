import { expect, test } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import { goOnFromMemory } from '../../../src/provider/go-on-from-memory.ts'

const machine = { name: 'azl4' }

test('a restored machine that ran goes on, with the outputs of its start', async () => {
  const start = () => Promise.resolve({ acceleration: 'hardware' as const, outputs: { 'port-22': 4022 } })
  expect(await goOnFromMemory(machine, 'one', start)).toEqual({ state: 'running', outputs: { 'port-22': 4022 } })
})

test('where the start after a restore fails, the error says where the machine stands and keeps what it said', async () => {
  const cause = new Error('0x8007000E')
  const fault = new AzlVmError('no-space', 'not enough memory', { cause, hint: 'Stop other machines.' })
  const failed = goOnFromMemory(machine, 'one', () => Promise.reject(fault))
  await expect(failed).rejects.toMatchObject({ code: 'no-space', message: 'not enough memory', cause })
  await expect(failed).rejects.toMatchObject({
    hint: expect.stringMatching(
      /^Stop other machines\.\n"azl4" has .* of the snapshot "one" by now: `azl-vm start azl4`/,
    ) as string,
  })
})
