/** Hyper-V on another computer, through a real sshd whose shell runs the simulator. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { chooseHost } from '../../../providers/hyperv/host.ts'
import { fetchFile } from '../../../providers/hyperv/fetch-file.ts'
import { definition } from '../../../providers/hyperv/index.ts'
import { removeOldScripts } from '../../../providers/hyperv/old-scripts.ts'
import { RemoteRecorders } from '../../../providers/hyperv/remote-recorders.ts'
import { startOnHost } from '../../../providers/hyperv/host-process.ts'
import { mediaFile, mediumOnHost, removeUnusedMedia } from '../../../providers/hyperv/host-media.ts'
import { scriptText } from '../../../providers/hyperv/scripts.ts'
import { Session } from '../../../providers/hyperv/session.ts'
import { Worker } from '../../../providers/hyperv/worker.ts'
import { processTable } from '../../../src/host/process-identity.ts'
import type { Call } from '../../../src/provider/contract.ts'
import { describeRecorded } from '../../../src/recorder/recorded-log.ts'
import type { Medium } from '../../../src/provider/machine.ts'
import { Bench } from '../../contract/contract-bench.ts'
import { startRemoteHyperV, type RemoteHyperV } from '../../support/hyperv-remote.ts'
import { missingForSimulator } from '../../support/hyperv-simulator.ts'
import { sshUnavailable } from '../../support/ssh-server.ts'
import { providerContext, testCall, testEnvironment } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = sshUnavailable() ?? (await missingForSimulator())

describeWhere('behind ssh', unavailable, () => {
  let remote: RemoteHyperV
  beforeAll(async () => {
    remote = await startRemoteHyperV()
  })
  afterAll(() => remote.stop())

  const start = (host = remote.host): Worker => new Worker(startOnHost(chooseHost(host), 'worker', remote))
  const ask = async (worker: Worker, verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
    const signal = new AbortController().signal
    return (await worker.request({ verb, arguments: args, timeoutMs: 120_000, signal })).value
  }
  /** All of this process's, as a network that fails: at once, so that nothing goes on meanwhile. */
  const cutConnections = (): void => {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ')
    const connections = children.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'ssh\n')
    expect(connections).not.toEqual([])
    for (const pid of connections) process.kill(Number(pid), 'SIGKILL')
  }
  // Vitest's own comparison of megabytes takes half a minute.
  const hashOf = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
  const scripts = (): string => join(remote.home, '.azl-vm', 'scripts')

  test('the scripts are sent once, whole, into the home of the user there', async () => {
    const first = start()
    expect(await first.hello).toMatchObject({ psVersion: expect.stringMatching(/^5\.1\./) as string, separator: '/' })
    expect(await ask(first, 'list-vms')).toEqual({ machines: [] })
    await first.close()
    const [digest = '', ...others] = await readdir(scripts())
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(others).toEqual([])
    const verb = join(scripts(), digest, 'verbs', 'list-vms.ps1')
    expect(await readFile(verb, 'utf8')).toContain('Invoke-ListVms')
    // Were they sent again, this would be gone.
    await writeFile(
      join(scripts(), digest, 'verbs', 'say-hello.ps1'),
      'function Invoke-SayHello($Arguments) { "Grüße" }',
    )
    const second = start()
    expect(await ask(second, 'say-hello')).toBe('Grüße')
    await second.close()
  })

  test('modules of PowerShell 7, which a login shell may hand down, are no modules of the host', async () => {
    const lines = (await scriptText('bootstrap')).split('\n').filter((line) => line.includes('PSModulePath'))
    const own = String.raw`C:\Windows\system32\WindowsPowerShell\v1.0\Modules`
    const seven = String.raw`C:\Program Files\PowerShell\Modules;C:\Program Files\PowerShell\7\Modules`
    const script = [`$env:PSModulePath = '${seven};${own}'`, ...lines, '$env:PSModulePath']
    expect((await remote.simulator.run(script.join('\n'))).stdout.trim()).toBe(own)
  })

  test('scripts that no session began with for a week are removed, those of this version never', async () => {
    const [own = ''] = await readdir(scripts())
    const [old, young] = ['a'.repeat(64), 'b'.repeat(64)]
    const cut = `${'c'.repeat(64)}.${randomUUID()}`
    for (const name of [old, young, cut]) await mkdir(join(scripts(), name, 'verbs'), { recursive: true })
    const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000)
    for (const name of [own, old, cut]) await utimes(join(scripts(), name), longAgo, longAgo)
    const session = openSession()
    try {
      const removed = await removeOldScripts(session, testCall())
      expect(removed.map((text) => text.replace(/.*\//, '')).toSorted()).toEqual([old, cut])
      expect((await readdir(scripts())).toSorted()).toEqual([own, young].toSorted())
      // A session that begins with them is seen by other versions.
      expect((await stat(join(scripts(), own))).mtime > longAgo).toBe(true)
      await rm(join(scripts(), young), { recursive: true })
    } finally {
      await session.close()
    }
  })

  test('two that come first at once do not disturb each other', async () => {
    const both = [start(), start()]
    await Promise.all(both.map((worker) => worker.hello))
    await Promise.all(both.map((worker) => worker.close()))
    expect(await readdir(scripts())).toHaveLength(1)
  })

  test('a host that is not trusted, refuses us or is not there: each says what to do', async () => {
    const port = String(remote.ssh.port)
    const faults = [
      { host: `ssh://root@localhost:${port}`, code: 'host-not-ready', message: /host key is not known here/ },
      { host: `ssh://nobody@127.0.0.1:${port}`, code: 'permission-denied', message: /refuses our keys/ },
      { host: 'ssh://root@no-such-host.invalid', code: 'host-not-ready', message: /there is no such host/ },
    ]
    for (const { host, code, message } of faults) {
      const worker = start(host)
      await expect(worker.hello, host).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      })
      await worker.close()
    }
  })
  const media = (): string => join(remote.home, '.azl-vm', 'media')
  const openSession = (): Session => new Session(chooseHost(remote.host), providerContext({ env: remote.env }))
  const mediumOf = async (name: string, bytes: Uint8Array): Promise<Medium> => {
    const path = join(remote.simulator.folder, name)
    await writeFile(path, bytes)
    return { path, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  }

  test('a medium is copied once, with progress, and counts only when all of it is there unchanged', async () => {
    const session = openSession()
    try {
      const medium = await mediumOf('größe 1.iso', randomBytes(5_000_001))
      const done: number[] = []
      const call = { ...testCall(), progress: (bytes: number) => void done.push(bytes) }
      const path = await mediumOnHost(session, medium, call)
      expect(path).toBe(mediaFile(await session.hello(call), medium.sha256))
      expect(await hashOf(path)).toBe(medium.sha256)
      expect(done.at(-1)).toBe(medium.sizeBytes)
      done.length = 0
      expect(await mediumOnHost(session, medium, call)).toBe(path)
      expect(done).toEqual([])
      const changed = { ...(await mediumOf('changed.iso', randomBytes(100_000))), sha256: 'a'.repeat(64) }
      await expect(mediumOnHost(session, changed, call)).rejects.toMatchObject({ code: 'medium-changed' })
      expect(await readdir(media())).toEqual([`${medium.sha256}.iso`])
      expect(await removeUnusedMedia(session, call)).toEqual([`copy of a medium ${path}`])
    } finally {
      await session.close()
    }
  })

  test('a copy that is interrupted leaves nothing on the host, neither file nor process', async () => {
    const session = openSession()
    try {
      const medium = await mediumOf('cut.iso', randomBytes(3_000_000))
      const stop = new AbortController()
      const call = {
        ...testCall(stop.signal),
        progress: () => {
          stop.abort()
        },
      }
      await expect(mediumOnHost(session, medium, call)).rejects.toMatchObject({ code: 'cancelled' })
      await vi.waitFor(async () => expect(await readdir(media())).toEqual([]), 60_000)
    } finally {
      await session.close()
    }
    await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
  })

  test('a file of the host is fetched whole, with progress; cut off, it says so, and no process stays', async () => {
    const session = openSession()
    const folder = await mkdtemp(join(tmpdir(), 'azl-fetched-'))
    try {
      const from = join(folder, 'größe [1].vhdx')
      await writeFile(from, randomBytes(5_000_001))
      const done: number[] = []
      const told = { ...testCall(), progress: (bytes: number) => void done.push(bytes) }
      await fetchFile(session, from, join(folder, 'whole'), told)
      expect(await hashOf(join(folder, 'whole'))).toBe(await hashOf(from))
      expect(done.at(-1)).toBe(5_000_001)
      await expect(fetchFile(session, join(folder, 'none'), join(folder, 'a'), testCall())).rejects.toMatchObject({
        code: 'backend-failed',
        message: expect.stringContaining(join(folder, 'none')) as string,
      })
      let isCut = false
      const cutOnce = (): void => {
        if (!isCut) cutConnections()
        isCut = true
      }
      const lost = { ...testCall(), progress: cutOnce }
      await expect(fetchFile(session, from, join(folder, 'lost'), lost)).rejects.toMatchObject({
        code: 'backend-failed',
      })
      const stop = new AbortController()
      const abort = (): void => {
        stop.abort()
      }
      const stopped = { ...testCall(stop.signal), progress: abort }
      await expect(fetchFile(session, from, join(folder, 'cut'), stopped)).rejects.toMatchObject({ code: 'cancelled' })
    } finally {
      await session.close()
      await rm(folder, { recursive: true })
    }
    await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
  })

  test('the recorder outlives the connection; a console takes the port over through it; removed, nothing stays', async () => {
    const id = randomUUID()
    const pipe = `azl-vm-${id}`
    const guest: Socket[] = []
    // The port as the simulator serves it.
    const port = createServer((socket) => guest.push(socket)).listen(remote.simulator.pipePath(`\\\\.\\pipe\\${pipe}`))
    const first = openSession()
    const second = openSession()
    const call = testCall()
    try {
      const line = await new RemoteRecorders(first).ensure(id, `\\\\.\\pipe\\${pipe}`, call)
      await vi.waitFor(() => expect(line.report.state).toBe('connected'), 60_000)
      const heard: string[] = []
      const listener = {
        onData: (bytes: Uint8Array) => heard.push(Buffer.from(bytes).toString()),
        onPort: () => undefined,
        onTaken: () => heard.push('taken'),
      }
      expect(await line.hold({ force: false }, listener)).toBe(true)
      guest[0]?.write('from the guest\n')
      await vi.waitFor(() => expect(heard.join('')).toBe('from the guest\n'), 60_000)
      const typed = once(guest[0]!, 'data')
      await line.write(Buffer.from('root\r'))
      expect(String(await typed)).toBe('root\r')

      const recorders = new RemoteRecorders(second)
      const other = (await recorders.find(id, call))!
      expect(await other.hold({ force: false }, listener)).toBe(false)
      expect(await other.hold({ force: true }, { ...listener, onTaken: () => undefined })).toBe(true)
      await vi.waitFor(() => expect(heard).toContain('taken'), 60_000)
      line.close()
      other.close()
      await first.close()
      guest[0]?.write('nobody listens\n')
      // The worker of the other session, and the recorder.
      await vi.waitFor(async () => expect(await remote.processes()).toHaveLength(2), 60_000)
      await vi.waitFor(async () => {
        const pieces: Uint8Array[] = []
        for await (const { bytes } of recorders.recorded(id, call).piecesFrom(0)) pieces.push(bytes)
        expect(Buffer.concat(pieces).toString()).toBe('from the guest\nnobody listens\n')
      }, 60_000)
      expect(await describeRecorded(recorders.recorded(id, call), true)).toMatch(/^It was listened from \S+ until now/)
      expect(await recorders.remove(id, call)).toEqual([expect.stringContaining(id)])
      expect(await recorders.remove(id, call)).toEqual([])
      expect(await recorders.find(id, call)).toBeUndefined()
    } finally {
      await first.close()
      await second.close()
      for (const socket of guest) socket.destroy()
      port.close()
    }
    await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
  })

  test('a connection that is cut in the middle of a verb: the worker ends there, and the next call finds what is', async () => {
    const session = openSession()
    const call = testCall()
    try {
      await session.hello(call)
      // Told of just before it is sent.
      const cut = { ...testCall(), debug: () => queueMicrotask(cutConnections) }
      const listing = session.run('list-vms', {}, { action: 'list', schema: z.unknown() }, cut)
      await expect(listing).rejects.toMatchObject({ code: 'backend-failed' })
      await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
      expect(await session.run('list-vms', {}, { action: 'list', schema: z.unknown() }, call)).toEqual({ machines: [] })
    } finally {
      await session.close()
    }
  })

  test('cut in the middle of making, starting and removing a machine: the same call again finds what is, and ends it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'azl-cut-'))
    const provider = await definition.open(remote.host, providerContext({ env: remote.env }))
    const cutAt = (verb: string): Call => ({
      ...testCall(),
      debug: (_text: string, data?: unknown): void => {
        if ((data as { verb?: string } | undefined)?.verb === verb) queueMicrotask(cutConnections)
      },
    })
    // What was begun there may still go on; `recorders` of them go on in any case.
    const workersEnded = (recorders: number): Promise<void> =>
      vi.waitFor(async () => expect((await remote.processes()).length).toBeLessThanOrEqual(recorders), 120_000)
    const lost = expect.objectContaining({ code: 'backend-failed' }) as Error
    try {
      const facts = await provider.facts(testCall())
      const environment = testEnvironment({ home: join(folder, 'home'), entries: [], processes: await processTable() })
      const bench = new Bench({ host: undefined as never, provider, facts, folder, environment, set: [] })
      const request = await bench.request('cut')
      const { ref } = request
      const making = bench.making(request)

      await expect(provider.apply(making[0]!, request, cutAt('claim-vm'))).rejects.toEqual(lost)
      await workersEnded(0)
      await bench.apply(request, making)
      expect(await provider.findByName('cut', testCall())).toMatchObject([{ ref, state: 'off' }])

      // The state is read on another connection; a machine that runs by then was started.
      await provider.start(ref, cutAt('start-vm')).catch((error: unknown) => {
        expect(error).toEqual(lost)
      })
      // The machine's recorder and that connection's worker.
      await workersEnded(2)
      await provider.start(ref, testCall())
      expect(await provider.inspect(ref, testCall())).toMatchObject({ state: 'running' })

      await expect(provider.destroy(ref, cutAt('remove-vm'))).rejects.toEqual(lost)
      await workersEnded(1)
      await provider.destroy(ref, testCall())
      expect(await provider.inspect(ref, testCall())).toMatchObject({ state: 'absent' })
      // The folder goes after the machine, which Hyper-V keeps in it: what is left of it has the run's name, for gc.
      for (const leftover of await provider.leftovers(testCall())) {
        expect(leftover.runId).toBe(request.mark.runId)
        await provider.removeLeftover(leftover, testCall())
      }
      expect(await provider.leftovers(testCall())).toEqual([])
    } finally {
      await provider.close()
      await rm(folder, { recursive: true })
    }
    await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
  }, 600_000)
})
