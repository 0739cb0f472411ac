import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProcessIdentity } from '../../../src/provider/mark.ts'
import { isLocked, withLock, type LockRequest } from '../../../src/store/lock.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { PlayedProcesses } from '../../support/test-environment.ts'

function request(processes: PlayedProcesses, change: Partial<LockRequest> = {}): LockRequest {
  return {
    what: 'the machine "box"',
    verb: 'up',
    // As it is now: a later `become` is another command.
    processes: { self: processes.self, isAlive: (identity) => processes.isAlive(identity) },
    signal: new AbortController().signal,
    waitMs: 0,
    ...change,
  }
}

function opening(): { readonly gate: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    gate,
    open: () => {
      open()
    },
  }
}

/** The lock of a process that was killed, as it leaves it. */
async function leaveDeadLock(file: string, change: Partial<ProcessIdentity> = {}): Promise<void> {
  const holder = { pid: 7, startTime: '1', bootId: 'c'.repeat(32), verb: 'up', ...change }
  await leaveNote(file, JSON.stringify(holder))
}

async function leaveNote(file: string, note: string): Promise<void> {
  await mkdir(file)
  await writeFile(join(file, 'holder.json'), note)
}

async function isTaken(file: string, processes: PlayedProcesses): Promise<string> {
  return await withLock(file, request(processes), () => Promise.resolve('mine'))
}

describe('a lock', () => {
  test('is gone after the work, and after work that throws', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'lock')
    const processes = new PlayedProcesses()
    expect(await withLock(file, request(processes), async () => await isLocked(file, processes))).toBe(true)
    await expect(withLock(file, request(processes), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await readdir(folder)).toEqual([])
    expect(await isLocked(file, processes)).toBe(false)
  })

  test('a second writer fails at once, and is told who holds it: verb and pid', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const processes = new PlayedProcesses()
    const { gate, open } = opening()
    const first = withLock(file, request(processes, { verb: 'destroy' }), () => gate)
    while (!(await isLocked(file, processes))) await new Promise((resolve) => setImmediate(resolve))
    processes.become(1002)
    const second = withLock(file, request(processes), () => Promise.resolve())
    await expect(second).rejects.toMatchObject({ code: 'resource-busy' })
    await expect(second).rejects.toThrow('the machine "box" is in use by `azl-vm destroy` (pid 1001)')
    open()
    await first
  })

  test('that no verb has is told by its pid, and with a hint of its own', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const processes = new PlayedProcesses()
    const shared = request(processes, { what: 'the pool', verb: '', busyHint: 'later' })
    await withLock(file, shared, async () => {
      const second = withLock(file, shared, () => Promise.resolve())
      await expect(second).rejects.toThrow('the pool is in use by another azl-vm (pid 1001)')
      await expect(second).rejects.toMatchObject({ hint: 'later' })
    })
  })

  test('one who waits gets it when it is free', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const processes = new PlayedProcesses()
    const order: string[] = []
    const { gate, open } = opening()
    const first = withLock(file, request(processes), async () => {
      await gate
      order.push('first')
    })
    while (!(await isLocked(file, processes))) await new Promise((resolve) => setImmediate(resolve))
    const second = withLock(file, request(processes, { waitMs: 60_000 }), async () => {
      order.push('second')
    })
    open()
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
  })

  test('the work is told whether somebody else had it first', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const processes = new PlayedProcesses()
    const told = (hasWaited: boolean): Promise<boolean> => Promise.resolve(hasWaited)
    const { gate, open } = opening()
    const first = withLock(file, request(processes), async (hasWaited) => {
      await gate
      return hasWaited
    })
    while (!(await isLocked(file, processes))) await new Promise((resolve) => setImmediate(resolve))
    const isAlive = (identity: ProcessIdentity): boolean => {
      open()
      return processes.isAlive(identity)
    }
    const asking = { waitMs: 60_000, processes: { self: processes.self, isAlive } }
    const second = withLock(file, request(processes, asking), told)
    expect(await Promise.all([first, second])).toEqual([false, true])
    expect(await withLock(file, request(processes), told)).toBe(false)
  })

  test('waiting for it can be interrupted', async () => {
    const file = join(await temporaryFolder(), 'lock')
    const processes = new PlayedProcesses()
    const { gate, open } = opening()
    const first = withLock(file, request(processes), () => gate)
    while (!(await isLocked(file, processes))) await new Promise((resolve) => setImmediate(resolve))
    const abort = new AbortController()
    const second = withLock(file, request(processes, { waitMs: 60_000, signal: abort.signal }), () => Promise.resolve())
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    open()
    await first
  })

  test('of a dead holder is broken at once', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'lock')
    await leaveDeadLock(file)
    const processes = new PlayedProcesses()
    expect(await isLocked(file, processes)).toBe(false)
    expect(await isTaken(file, processes)).toBe('mine')
    expect(await readdir(folder)).toEqual([])
  })

  test('of a dead holder is broken only by who holds the judge: a slower one cannot take the faster one’s lock away', async () => {
    const file = join(await temporaryFolder(), 'lock')
    await leaveDeadLock(file)
    const processes = new PlayedProcesses()
    const judging = withLock(`${file}.judge`, request(processes), async () => {
      processes.become(1002)
      await expect(isTaken(file, processes)).rejects.toMatchObject({ code: 'resource-busy' })
    })
    await judging
    expect(await isTaken(file, processes)).toBe('mine')
  })

  test('of a dead holder whose judge was killed too is broken all the same', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'lock')
    await leaveDeadLock(file)
    await leaveDeadLock(`${file}.judge`)
    await leaveDeadLock(`${file}.judge.judge`)
    expect(await isTaken(file, new PlayedProcesses())).toBe('mine')
    expect(await readdir(folder)).toEqual([])
  })

  test('whose note is damaged or gone is nobody’s', async () => {
    const folder = await temporaryFolder()
    for (const note of ['', '{"pid":1', '[]']) {
      await leaveNote(join(folder, 'lock'), note)
      expect(await isTaken(join(folder, 'lock'), new PlayedProcesses())).toBe('mine')
    }
    await mkdir(join(folder, 'lock'))
    expect(await isTaken(join(folder, 'lock'), new PlayedProcesses())).toBe('mine')
  })

  test('that somebody deleted, and the next one made anew, is not the first one’s to remove', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'state', 'lock')
    const processes = new PlayedProcesses()
    await withLock(file, request(processes), async () => {
      await rm(join(folder, 'state'), { recursive: true })
      await mkdir(join(folder, 'state'))
      await leaveDeadLock(file, { pid: processes.become(1002).pid })
    })
    expect(await isLocked(file, processes)).toBe(true)
  })

  test('of a dead holder is broken by one of many who come together; they work one after the other', async () => {
    const file = join(await temporaryFolder(), 'lock')
    await leaveDeadLock(file)
    const processes = new PlayedProcesses()
    let inside = 0
    let most = 0
    const works = Array.from({ length: 8 }, () =>
      withLock(file, request(processes, { waitMs: 60_000 }), async () => {
        inside += 1
        most = Math.max(most, inside)
        await new Promise((resolve) => setImmediate(resolve))
        inside -= 1
      }),
    )
    await Promise.all(works)
    expect(most).toBe(1)
  })

  test('of a holder on another boot of this computer is dead too', async () => {
    const file = join(await temporaryFolder(), 'lock')
    await leaveDeadLock(file, { pid: 1001, startTime: '10010', bootId: 'd'.repeat(32) })
    expect(await isTaken(file, new PlayedProcesses())).toBe('mine')
  })

  test('that cannot be made is told as state that cannot be written', async () => {
    const folder = await temporaryFolder({ file: '' })
    const inAFile = join(folder, 'file', 'deeper', 'lock')
    const asked = withLock(inAFile, request(new PlayedProcesses()), () => Promise.resolve())
    await expect(asked).rejects.toMatchObject({ code: 'state-not-writable' })
  })
})
