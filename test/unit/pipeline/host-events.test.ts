import { expect, test } from 'vitest'
import type { Call, HostEvent } from '../../../src/provider/contract.ts'
import type { BootWait } from '../../../src/pipeline/boot.ts'
import { HostEvents } from '../../../src/pipeline/host-events.ts'
import type { UpContext } from '../../../src/pipeline/up-context.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'

test('what is being asked when the boot is over is heard out, and told to nobody any more', async () => {
  let answer: (events: readonly HostEvent[]) => void = () => undefined
  let asked: () => void = () => undefined
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  const calls: Call[] = []
  const events = (_ref: unknown, _since: Date, call: Call): Promise<readonly HostEvent[]> => {
    calls.push(call)
    asked()
    return new Promise((resolve) => (answer = resolve))
  }
  const context = {
    facts: { capabilities: { hostEvents: true } },
    provider: { events },
    run: { bus: { emit: () => undefined } },
    request: { signal: new AbortController().signal },
  } as unknown as UpContext
  const told: unknown[] = []
  const wait = { hostNoted: (noted: unknown) => told.push(noted) } as unknown as BootWait
  const request = { ref: { name: 'box', id: 'id' } } as unknown as MachineRequest
  const watched = new HostEvents(context, request, new Date(0)).watchedBy(wait, () => isAsked.then(() => 'booted'))
  await isAsked
  // The boot is over by now; the question is not broken off.
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls.map(({ signal }) => signal.aborted)).toEqual([false])
  answer([])
  expect(await watched).toBe('booted')
  expect([calls.length, told]).toEqual([1, []])
})
