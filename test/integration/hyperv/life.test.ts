/** The life of a machine on the simulated Hyper-V: what the recorder hears, who holds the port, how a boot ended. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import { processTable } from '../../../src/host/process-identity.ts'
import type { ConsoleHandle, HostEvent, Provider } from '../../../src/provider/contract.ts'
import type { MachineRef, MachineRequest } from '../../../src/provider/machine.ts'
import { readNote, recorderFolder } from '../../../src/recorder/recorder-folder.ts'
import { Bench, listener, textOf, type Listener } from '../../contract/contract-bench.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { buildRecorder, type RecorderProgram } from '../../support/recorder-program.ts'
import { providerContext, testCall, testEnvironment } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForSimulator()
const small = 'machine: { memory: 256MiB, disks: [], networks: [] }'

describeWhere('a machine’s life on Hyper-V', missing, () => {
  let simulator: HyperVSimulator
  let recorder: RecorderProgram
  let folder: string
  let recordings: string
  let provider: Provider
  let bench: Bench
  let request: MachineRequest
  let heard: Listener
  let console: ConsoleHandle
  const began = new Date()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'azl-life-'))
    recordings = join(folder, 'recorders')
    simulator = await startHyperVSimulator()
    recorder = await buildRecorder()
    const env = { ...simulator.env, TMPDIR: tmpdir() }
    provider = await definition.open(
      'local',
      providerContext({ env, recorder: { folder: recordings, command: recorder.command } }),
    )
    const facts = await provider.facts(testCall())
    const environment = testEnvironment({ home: join(folder, 'home'), entries: [], processes: await processTable() })
    bench = new Bench({ host: undefined as never, provider, facts, folder, environment, set: [] })
    request = await bench.make('living', small)
    heard = listener()
    console = await open(request.ref, heard)
    await provider.start(request.ref, testCall())
    await heard.until('the report', () => ['complete', 'damaged'].includes(heard.reader.state))
  }, 900_000)
  afterAll(async () => {
    await provider.destroy(request.ref, testCall())
    await provider.close()
    await simulator.stop()
    await recorder.remove()
    await rm(folder, { recursive: true, force: true })
  })

  async function open(ref: MachineRef, into: Listener, force = false): Promise<ConsoleHandle> {
    return await provider.openConsole(ref, { port: 'firmware', force, onData: into.onData }, testCall())
  }

  test('a console from before the start hears the whole report, and the log is the same', async () => {
    expect(heard.reader).toMatchObject({ state: 'complete', problem: undefined })
    expect(await textOf(provider.readLog(request.ref, 'firmware', testCall()))).toBe(heard.text)
    expect(provider.bootWatch().feed(heard.text)).toMatchObject({ is: 'left-for', target: 'installer' })
    expect(await provider.describeLog(request.ref, testCall())).toMatch(/^It was listened from \S+ until now/)
  })

  test('Hyper-V’s events tell of start and boot, and are no verdict', async () => {
    const events = await provider.events(request.ref, began, testCall())
    expect(events.map(({ text }) => / (\d+): /.exec(text)?.[1])).toEqual(['18500', '18601'])
    expect(events.filter(({ refused }) => refused)).toEqual([])
    expect(await provider.events(request.ref, new Date(), testCall())).toEqual([])
  })

  test('the screen is a picture with something on it', async () => {
    const { width, height, data } = decode(await provider.screenshot(request.ref, testCall()))
    expect([width, height]).toEqual([expect.any(Number), expect.any(Number)])
    expect(width * height).toBeGreaterThan(100_000)
    expect(new Set(data).size).toBeGreaterThan(1)
  })

  test('a recorder that is killed is told, the next console begins another, and the log says what is missing', async () => {
    const { pid } = (await readNote(recorderFolder(join(recordings, 'hyperv'), request.ref.id)))!
    process.kill(pid, 'SIGKILL')
    expect(await console.ended).toMatchObject({ why: 'broken' })
    heard = listener()
    console = await open(request.ref, heard)
    await expect(open(request.ref, listener())).rejects.toMatchObject({ code: 'resource-busy' })
    await console.write(Buffer.from('ping again\r'))
    await heard.until('pong', () => heard.text.includes('"text":"ping again"'))
    expect(await provider.describeLog(request.ref, testCall())).toMatch(/recorder was killed\), from \S+ until now/)
  })

  test('a reset is heard on the same console, and following begins with it', async () => {
    const again = listener()
    console = await open(request.ref, again, true)
    await provider.reset(request.ref, testCall())
    await again.until('the second report', () => again.reader.state === 'complete')
    const stop = new AbortController()
    let text = ''
    const following = (async () => {
      for await (const bytes of provider.followLog(request.ref, 'firmware', 'last-start', testCall(stop.signal))) {
        text += Buffer.from(bytes).toString('latin1')
        if (text.length >= again.text.length) stop.abort()
      }
    })()
    await expect(following).rejects.toMatchObject({ code: 'cancelled' })
    expect(text).toBe(again.text)
  })

  test('a stop that the guest does not hear leaves the machine running; the guest’s own end is told', async () => {
    const stopping = provider.stop(request.ref, { mode: 'graceful', timeoutMs: 300 }, testCall())
    await expect(stopping).rejects.toMatchObject({ code: 'timed-out' })
    const states = provider.watchState(request.ref, testCall())[Symbol.asyncIterator]()
    expect((await states.next()).value).toBe('running')
    await console.write(Buffer.from('off\r'))
    expect(await console.ended).toEqual({ why: 'machine-off' })
    expect((await states.next()).value).toBe('off')
    await states.return?.()
    expect(await textOf(provider.followLog(request.ref, 'firmware', 'last-start', testCall()))).toContain(
      '"type":"off"',
    )
    await expect(provider.reset(request.ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    await expect(provider.screenshot(request.ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
  })

  test('what a recorder kept of a machine that is gone is found, and goes; that of a machine stays', async () => {
    const id = randomUUID()
    const { dir, events } = recorderFolder(join(recordings, 'hyperv'), id)
    await mkdir(dir)
    await writeFile(events, '')
    const [found, ...others] = await provider.leftovers(testCall())
    expect([found?.what, others]).toEqual([`recorder and serial log of the machine ${id}, which is gone`, []])
    expect(await provider.removeLeftover(found!, testCall())).toBe(true)
    expect(await readdir(join(recordings, 'hyperv'))).toEqual([request.ref.id])
  })

  test('a boot that Secure Boot refuses is told by an event, with COM1 silent; destroy ends the recorder', async () => {
    const refused = await bench.make(
      'refused',
      'machine: { memory: 256MiB, disks: [], networks: [], firmware: { secureBoot: true } }',
    )
    const silence = listener()
    const held = await open(refused.ref, silence)
    await provider.start(refused.ref, testCall())
    let failures: readonly HostEvent[] = []
    await expect
      .poll(
        async () => {
          failures = (await provider.events(refused.ref, began, testCall())).filter(({ refused: why }) => why)
          return failures.length
        },
        { timeout: 120_000, interval: 500 },
      )
      .toBe(1)
    expect(failures).toMatchObject([{ refused: 'secure-boot', text: expect.stringContaining('18604') as string }])
    expect(silence.text).toBe('')
    const { pid } = (await readNote(recorderFolder(join(recordings, 'hyperv'), refused.ref.id)))!
    await provider.destroy(refused.ref, testCall())
    expect(await held.ended).toEqual({ why: 'machine-off' })
    await expect.poll(() => isAlive(pid)).toBe(false)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
