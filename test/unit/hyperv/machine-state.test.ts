/** What is done when PowerShell ends in the middle of a change: Hyper-V is asked, and nothing is done twice. */
import { expect, test } from 'vitest'
import { changeState, isOffState, settledState } from '../../../providers/hyperv/machine-state.ts'
import { localPipe } from '../../../providers/hyperv/pipe.ts'
import type { Session } from '../../../providers/hyperv/session.ts'
import { AzlVmError } from '../../../src/errors.ts'
import { testCall } from '../../support/test-environment.ts'

const watched = { name: 'box', vmId: 'id' }
const died = new AzlVmError('backend-failed', 'PowerShell ended', {
  cause: new Error('powershell.exe: signal SIGKILL'),
})

/** Answers each look with the next state; the last one stays. */
function hostThatSays(...states: readonly string[]) {
  const verbs: string[] = []
  const left = [...states]
  const run = (verb: string) => {
    verbs.push(verb)
    const state = left.length > 1 ? left.shift() : left[0]
    return Promise.resolve({ machine: state === undefined ? null : { state } })
  }
  return { session: { run } as unknown as Session, verbs }
}

test('a start whose worker died is done where the machine comes to run, however long it is between two states', async () => {
  const { session, verbs } = hostThatSays('Starting', 'Starting', 'Running')
  let works = 0
  const work = () => {
    works += 1
    return Promise.reject(died)
  }
  await changeState(session, watched, work, (state) => state === 'running', testCall())
  expect([works, verbs.length]).toEqual([1, 3])
})

test('one that did not happen fails with what the worker failed with', async () => {
  const { session } = hostThatSays('Off')
  const change = changeState(
    session,
    watched,
    () => Promise.reject(died),
    (state) => state === 'running',
    testCall(),
  )
  await expect(change).rejects.toBe(died)
})

test('an interruption asks nothing more', async () => {
  const { session, verbs } = hostThatSays('Running')
  const call = testCall(AbortSignal.abort())
  await expect(
    changeState(
      session,
      watched,
      () => Promise.reject(died),
      () => true,
      call,
    ),
  ).rejects.toBe(died)
  expect(verbs).toEqual([])
})

test('a machine that is not there is off', async () => {
  const { session } = hostThatSays()
  const state = await settledState(session, watched, testCall())
  expect([state, isOffState(state)]).toEqual(['absent', true])
})

test('COM1 is a pipe of this computer, by the rules of the host’s paths', () => {
  const pipe = String.raw`\\.\pipe\azl-vm-1`
  expect(localPipe(pipe, '\\', {}, 'box')).toBe(pipe)
  expect(localPipe(pipe, '/', { TMPDIR: '/var/tmp' }, 'box')).toBe('/var/tmp/CoreFxPipe_azl-vm-1')
  expect(() => localPipe('', '\\', {}, 'box')).toThrow(/COM1 of "box" is no pipe/)
})
