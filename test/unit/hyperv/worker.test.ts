import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { stderrLines } from '../../../providers/hyperv/clixml.ts'
import { startLocal } from '../../../providers/hyperv/host-process.ts'
import { localLaunch } from '../../../providers/hyperv/launch.ts'
import type { AzlVmError } from '../../../src/errors.ts'
import { Worker, type Reply } from '../../../providers/hyperv/worker.ts'
import { scriptedWorker } from '../../support/scripted-worker.ts'

const workers: Worker[] = []

function start(body: string): Worker {
  const worker = new Worker(scriptedWorker(body))
  workers.push(worker)
  return worker
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(workers.splice(0).map((worker) => worker.close()))
})

const ask = (
  worker: Worker,
  verb: string,
  more: { readonly args?: Record<string, unknown>; readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<Reply> =>
  worker.request({
    verb,
    arguments: more.args ?? {},
    timeoutMs: more.timeoutMs ?? 20_000,
    signal: more.signal ?? new AbortController().signal,
  })

describe('a worker that answers', () => {
  test('requests are ASCII lines, sent one at a time and answered in their order', async () => {
    const worker = start(`hello()
      let isBusy = false
      onRequest(({ id, verb, arguments: args }, line) => {
        if (isBusy) process.exit(9)
        isBusy = true
        setImmediate(() => { isBusy = false; done(id, { verb, args, isAscii: /^[\\x20-\\x7e]+$/.test(line) }) })
      })`)
    const name = 'Müller’s “VM” \n💻 \\ $x `'
    const replies = await Promise.all(['a', 'b', 'c'].map((verb) => ask(worker, verb, { args: { name } })))
    expect(replies.map(({ value }) => value)).toEqual(
      ['a', 'b', 'c'].map((verb) => ({ verb, args: { name }, isAscii: true })),
    )
    expect(await worker.hello).toMatchObject({ culture: 'de-DE', separator: '\\', build: 26100 })
  })

  test('output that is no answer is kept for the log and never taken for one', async () => {
    const worker = start(`hello()
      onRequest(({ id }) => {
        process.stdout.write('WARNING: {"id":1}\\r\\n')
        say({ id: 77, ok: true, value: 'of another request', warnings: [] })
        process.stderr.write('#< CLIXML\\n<Objs><Obj S="progress"></Obj></Objs>')
        done(id, 'right')
      })`)
    expect(await ask(worker, 'x')).toEqual({ value: 'right', warnings: [] })
    expect(worker.strayOutput).toContain('WARNING: {"id":1}')
    expect(worker.strayOutput).toContain('of another request')
  })

  test('a refusal keeps its ids, and the worker goes on', async () => {
    const worker = start(`hello()
      onRequest(({ id, verb }) => verb === 'good' ? done(id, 1) : say({ id, ok: false, error: {
        message: 'nein', category: 'InvalidArgument', errorId: 'InvalidParameter,GetVM', hresult: '0x80070057',
        exception: 'E', target: null, script: 'get-vm.ps1', line: 3 } }))`)
    await expect(ask(worker, 'bad')).rejects.toMatchObject({
      name: 'VerbError',
      verb: 'bad',
      failure: { errorId: 'InvalidParameter,GetVM', hresult: '0x80070057', line: 3 },
    })
    expect((await ask(worker, 'good')).value).toBe(1)
    expect(worker.isUsable).toBe(true)
  })
})

describe('a worker that does not answer', () => {
  test('is killed at the deadline; requests behind it say that they were never asked for', async () => {
    const worker = start(`hello(); onRequest(() => undefined)`)
    await worker.hello
    const slow = ask(worker, 'export', { timeoutMs: 20 })
    const behind = ask(worker, 'behind')
    await expect(slow).rejects.toMatchObject({
      code: 'timed-out',
      message: 'Hyper-V did not answer "export" within 0 s',
    })
    await expect(behind).rejects.toThrow('"behind" was not asked for')
    expect(worker.isUsable).toBe(false)
    await expect(ask(worker, 'later')).rejects.toMatchObject({ code: 'timed-out' })
  })

  test('goes on after a signal: what it was at comes to its end unheard, then the next is asked', async () => {
    const worker = start(`hello()
      let answered = 0
      onRequest(({ id }) => { setImmediate(() => { answered += 1; done(id, { answered }) }) })`)
    const [running, waiting] = [new AbortController(), new AbortController()]
    const first = ask(worker, 'first', { signal: running.signal })
    const second = ask(worker, 'second', { signal: waiting.signal })
    const third = ask(worker, 'third')
    waiting.abort()
    running.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled', message: 'interrupted: first' })
    await expect(second).rejects.toMatchObject({ code: 'cancelled', message: 'interrupted: second' })
    expect((await third).value).toEqual({ answered: 2 })
    expect(worker.isUsable).toBe(true)
  })

  test('is killed where what was interrupted does not come to its end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const worker = start(`hello(); onRequest(() => undefined)`)
    const running = new AbortController()
    const first = ask(worker, 'first', { signal: running.signal })
    running.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    vi.advanceTimersByTime(2999)
    expect(worker.isUsable).toBe(true)
    vi.advanceTimersByTime(1)
    await worker.free
    expect(worker.isUsable).toBe(false)
  })

  test('that dies in the middle is an error with the verb, the cause and what it wrote', async () => {
    const worker = start(`hello()
      onRequest(() => { process.stderr.write('boom_1'); process.stdout.write('half a li\\n', () => process.exit(5)) })`)
    const failed = await ask(worker, 'new-vm').catch((error: unknown) => error)
    expect(failed).toMatchObject({
      code: 'backend-failed',
      message: 'PowerShell ended while it did "new-vm" (exit code 5)',
      evidence: ['boom_1', 'half a li'],
    })
    expect((failed as Error).cause).toBeInstanceOf(Error)
  })
})

describe('a worker that cannot start', () => {
  test('that says no line of ours is killed after two minutes, and what it said instead is told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const host = scriptedWorker(`process.stdout.write('Password: '); onRequest(() => undefined)`)
    const worker = new Worker(host)
    workers.push(worker)
    await once(host.stdout, 'data')
    const queued = ask(worker, 'get-host-checks', { timeoutMs: 600_000 })
    vi.advanceTimersByTime(119_999)
    expect(worker.isUsable).toBe(true)
    vi.advanceTimersByTime(1)
    expect(worker.isUsable).toBe(false)
    await expect(worker.hello).rejects.toMatchObject({
      code: 'backend-failed',
      message: 'PowerShell was started, and the first line of azl-vm’s script did not come within 120 s',
      evidence: ['Password: '],
    })
    await expect(queued).rejects.toMatchObject({ code: 'backend-failed' })
    expect((await host.ended).how).toBe('signal SIGKILL')
  })

  test('once it has said its first line it may be silent as long as nothing is asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const worker = start(`hello(); onRequest(({ id }) => done(id, 1))`)
    await worker.hello
    vi.advanceTimersByTime(3_600_000)
    expect((await ask(worker, 'late')).value).toBe(1)
  })

  test('in a restricted language mode: host-not-ready', async () => {
    const worker = start(`say({ hello: 1, languageMode: 'ConstrainedLanguage' })`)
    await expect(worker.hello).rejects.toMatchObject({
      code: 'host-not-ready',
      message: 'PowerShell runs scripts in ConstrainedLanguage here, and Hyper-V is driven by one',
    })
    await expect(ask(worker, 'x')).rejects.toMatchObject({ code: 'host-not-ready' })
  })

  test('where Group Policy forbids scripts: host-not-ready, told by the id and not by its text', async () => {
    const worker = start(
      `process.stderr.write('Die Datei kann nicht geladen werden.\\n    + FullyQualifiedErrorId : UnauthorizedAccess\\n'); process.exitCode = 1`,
    )
    const refused: unknown = await worker.hello.catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'host-not-ready' })
    expect((refused as AzlVmError).hint).toContain('Get-ExecutionPolicy -List')
  })

  test('where there is none: tool-missing with the path', async () => {
    const worker = new Worker(startLocal({ command: '/nonexistent/powershell.exe', args: [], env: {} }))
    await expect(worker.hello).rejects.toMatchObject({
      code: 'tool-missing',
      message: 'Windows PowerShell 5.1 is not at /nonexistent/powershell.exe',
    })
    await worker.close()
  })
})

describe('the launch', () => {
  test('is 5.1 by its own path, our script, and no PSModulePath', () => {
    const launch = localLaunch('worker', { env: { SYSTEMROOT: join('/w', 'Windows'), PSMODULEPATH: 'x', Path: 'p' } })
    expect(launch.command).toBe(join('/w', 'Windows', 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe'))
    expect(launch.args.slice(0, 6)).toEqual([
      '-NoLogo',
      '-NoProfile',
      '-NonInteractive',
      '-ExecutionPolicy',
      'Bypass',
      '-File',
    ])
    expect(launch.args[6]).toMatch(/worker\.ps1$/)
    expect(launch.env).toEqual({ SYSTEMROOT: join('/w', 'Windows'), Path: 'p' })
  })

  test('goes through Sysnative where that is there: the parent is a 32-bit process', async () => {
    const root = await mkdtemp(join(tmpdir(), 'azl-vm-'))
    try {
      const folder = join(root, 'Sysnative', 'WindowsPowerShell', 'v1.0')
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'powershell.exe'), '')
      expect(localLaunch('worker', { env: { SystemRoot: root } }).command).toBe(join(folder, 'powershell.exe'))
    } finally {
      await rm(root, { recursive: true })
    }
  })

  test('without SystemRoot there is no Windows', () => {
    expect(() => localLaunch('worker', { env: {} })).toThrow(expect.objectContaining({ code: 'host-not-ready' }))
  })
})

test('of CLIXML the errors are kept, decoded; progress is not', () => {
  const text =
    '#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress"><AV>Preparing modules</AV></Obj>' +
    '<S S="Error">a &lt;b&gt;_x000D__x000A_</S><S S="Error">second_x000D__x000A_</S></Objs>\r\nplain'
  expect(stderrLines(text)).toEqual(['plain', 'a <b>', 'second'])
})
