/** A recorder is killed, and the guest has somebody who listens again: the real process, and a port of the test. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describePort, readRecorded } from '../../src/recorder/recorded-log.ts'
import { readNote, recorderFolder, type RecorderNote } from '../../src/recorder/recorder-folder.ts'
import { LocalRecorders } from '../../src/recorder/recorders.ts'
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
  const said = async (): Promise<string> => {
    const pieces: Uint8Array[] = []
    for await (const bytes of readRecorded(recorders.recorded(id))) pieces.push(bytes)
    return Buffer.concat(pieces).toString()
  }
  const described = () => describePort(recorders, id, () => recorders.ensure(id, port.path, testCall()), testCall())
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
    const { pid } = await note()
    process.kill(await parentOf(pid), 'SIGKILL')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => recorders.find(id)).toBeUndefined()
    const call = testCall()
    const begin = () => Promise.reject(new Error('no memory'))
    expect(await describePort(recorders, id, begin, call)).toMatch(
      /^It was listened from \S+ until its recorder was killed/,
    )
    expect(call.warnings).toEqual([expect.stringMatching(/^serial-port: nobody listens .* did not begin: no memory$/)])
    await expect(describePort(recorders, id, begin, testCall(AbortSignal.abort()))).rejects.toThrow('no memory')
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

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
