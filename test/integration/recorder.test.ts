/** A recorder is killed, and the guest has somebody who listens again: the real process, and a port of the test. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { processTable } from '../../src/host/process-identity.ts'
import { describePort, readRecorded } from '../../src/recorder/recorded-log.ts'
import { readNote, recorderFolder, type RecorderNote } from '../../src/recorder/recorder-folder.ts'
import { LocalRecorders } from '../../src/recorder/recorders.ts'
import { writeFileAtomic } from '../../src/store/atomic-file.ts'
import { withLock } from '../../src/store/lock.ts'
import { describeWhere } from '../support/describe-where.ts'
import { parentOf } from '../support/parent-of.ts'
import { PlayedPort } from '../support/played-port.ts'
import { buildRecorder, type RecorderProgram } from '../support/recorder-program.ts'
import { providerContext, testCall } from '../support/test-environment.ts'

const id = 'machine'

describeWhere('a recorder that is killed', process.platform === 'linux' ? undefined : 'needs /proc', () => {
  let root: string
  let program: RecorderProgram
  let recorders: LocalRecorders
  let port: PlayedPort

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'azl-rec-'))
    program = await buildRecorder()
    recorders = new LocalRecorders('played', providerContext({ recorder: { folder: root, command: program.command } }))
    port = new PlayedPort(join(root, 'com1'))
    await port.switchOn()
    ;(await recorders.ensure(id, port.path, testCall())).close()
    await port.connected()
    port.say('before ')
    await expect.poll(said).toBe('before ')
  })
  afterEach(async () => {
    await recorders.remove(id)
    await port.switchOff()
    await program.remove()
    await rm(root, { recursive: true, force: true })
  })

  const folder = () => recorderFolder(join(root, 'played'), id)
  const note = async (): Promise<RecorderNote> => (await readNote(folder())) ?? expect.fail('no recorder is noted')
  /** So that nobody begins it again. */
  const killWithItsShell = async (): Promise<void> => {
    const { pid } = await note()
    process.kill(await parentOf(pid), 'SIGKILL')
    process.kill(pid, 'SIGKILL')
  }
  const said = async (): Promise<string> => {
    const pieces: Uint8Array[] = []
    for await (const bytes of readRecorded(recorders.recorded(id))) pieces.push(bytes)
    return Buffer.concat(pieces).toString()
  }
  const described = () => describePort(recorders, id, () => recorders.ensure(id, port.path, testCall()), testCall())
  /** A recorder as its shell begins it; settles when it has ended. */
  const begin = (why: string) => {
    const [node, script] = program.command
    return promisify(execFile)(node, [script, join(root, 'played'), id, port.path, why])
  }
  /** As one that begins: it has the lock, and whoever waits for it, by looking again, hears nothing of it yet. */
  const whileBegins = async (work: (isWaitedFor: Promise<unknown>) => Promise<void>) => {
    const { signal } = testCall()
    // The one that was killed may take a moment to end.
    const request = { what: '', verb: '', processes: await processTable(), signal, waitMs: 10_000 }
    const server = createServer((socket) => socket.destroy())
    const address = join(root, 'begins.sock')
    server.listen(address)
    await once(server, 'listening')
    try {
      await withLock(folder().lock, request, async () => {
        await writeFileAtomic(folder().note, JSON.stringify({ ...(await note()), address }))
        await work(once(server, 'connection').then(() => once(server, 'connection')))
      })
    } finally {
      server.close()
    }
  }
  const gap = /^It was listened from \S+ to \S+ at least \(its recorder was killed\), from \S+ until now \(UTC\)/

  test('is followed by another that nobody asked for, and the log tells the time between', async () => {
    const { pid, address } = await note()
    const again = port.nextConnection()
    process.kill(pid, 'SIGKILL')
    await again
    await expect.poll(async () => (await note()).pid).not.toBe(pid)
    port.say('after')
    await expect.poll(said).toBe('before after')
    expect(await described()).toMatch(gap)
    expect(await readdir(folder().dir)).not.toContain(address.slice(folder().dir.length + 1))
  })

  test('together with what watches it, is followed by another as soon as somebody looks at the log', async () => {
    const { pid } = await note()
    process.kill(await parentOf(pid), 'SIGKILL')
    const again = port.nextConnection()
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => recorders.find(id)).toBeUndefined()
    expect(await described()).toMatch(gap)
    await again
    port.say('after')
    await expect.poll(said).toBe('before after')
  })

  test('and no other can begin: who looks is warned, and told what is kept', async () => {
    await killWithItsShell()
    await expect.poll(() => recorders.find(id)).toBeUndefined()
    const call = testCall()
    const begin = () => Promise.reject(new Error('no memory'))
    expect(await describePort(recorders, id, begin, call)).toMatch(
      /^It was listened from \S+ until its recorder was killed/,
    )
    expect(call.warnings).toEqual([expect.stringMatching(/^serial-port: nobody listens .* did not begin: no memory$/)])
    await expect(describePort(recorders, id, begin, testCall(AbortSignal.abort()))).rejects.toThrow('no memory')
  })

  test('is followed by none while another one begins', async () => {
    await killWithItsShell()
    let begun: Promise<unknown> | undefined
    await whileBegins(async (isWaitedFor) => {
      begun = begin('again')
      await Promise.race([isWaitedFor, port.nextConnection()])
      expect(port.connections).toBe(1)
    })
    await expect.poll(() => port.connections).toBe(2)
    await recorders.remove(id)
    await begun
  })

  test('is followed by one, however many begin at once', async () => {
    await killWithItsShell()
    await expect.poll(() => recorders.find(id)).toBeUndefined()
    const begun = Array.from({ length: 3 }, () => begin('again'))
    ;(await recorders.ensure(id, port.path, testCall())).close()
    // Those that the one that listens by now left nothing to do.
    await Promise.any(begun)
    port.say('after')
    await expect.poll(said).toBe('before after')
    expect(port.connections).toBe(2)
    await recorders.remove(id)
    // Who waits while the folder goes may fail at that.
    await Promise.allSettled(begun)
    expect(await readdir(join(root, 'played'))).toEqual([])
  })

  test('too often is begun no more by itself: who looks is warned, and the next command begins one', async () => {
    await killWithItsShell()
    await expect.poll(() => recorders.find(id)).toBeUndefined()
    await begin('given-up')
    const call = testCall()
    await describePort(recorders, id, () => Promise.resolve(undefined), call)
    expect(call.warnings).toEqual([
      expect.stringMatching(/was killed again and again: what the machine said from \S+Z on may be missing$/),
    ])
    expect(await described()).toMatch(/ at least \(its recorder was killed again and again\), from \S+ until now/)
  })

  test('or stopped holds nobody: who looks is warned, and what ends its machine kills it', async () => {
    const { pid } = await note()
    process.kill(pid, 'SIGSTOP')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const call = testCall()
      const described = describePort(recorders, id, () => Promise.resolve(undefined), call)
      await runOut()
      expect(await described).toMatch(/^It was listened from \S+ until now/)
      expect(call.warnings).toEqual([expect.stringContaining(`(pid ${String(pid)}) does not answer: `)])
      const removed = recorders.remove(id)
      await runOut()
      expect(await removed).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  test('leaves nothing when its machine is removed while another one begins', async () => {
    await killWithItsShell()
    let removed: Promise<unknown> | undefined
    await whileBegins(async (isWaitedFor) => {
      removed = recorders.remove(id)
      await Promise.race([isWaitedFor, removed])
      expect(await readdir(folder().dir)).toContain('lock')
    })
    await removed
    expect(await readdir(join(root, 'played'))).toEqual([])
  })

  test('leaves nothing when its machine is removed before another was begun', async () => {
    const { pid } = await note()
    const watcher = await parentOf(pid)
    process.kill(pid, 'SIGKILL')
    await recorders.remove(id)
    await expect.poll(() => isRunning(watcher), { timeout: 30_000 }).toBe(false)
    expect(await readdir(join(root, 'played'))).toEqual([])
  })
})

/** Lets the deadline pass that somebody set, or is about to set. */
async function runOut(): Promise<void> {
  await expect.poll(() => vi.getTimerCount()).toBe(1)
  vi.runAllTimers()
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
