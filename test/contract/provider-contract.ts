/**
 * The one suite for all providers: each promise of src/provider/contract.ts, with the boot probe in the guest as the
 * witness. What needs a booted machine shares one; what needs none makes a small one that is never started.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { ConsoleHandle, Viewer } from '../../src/provider/contract.ts'
import type { MachineInfo, MachineRequest } from '../../src/provider/machine.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { readDiskImage } from '../../src/media/disk-image.ts'
import { processTable } from '../../src/host/process-identity.ts'
import { AzlVmError } from '../../src/errors.ts'
import { testCall, testEnvironment } from '../support/test-environment.ts'
import {
  Bench,
  fingerprint,
  listener,
  probeVolumeLabel,
  textOf,
  type ContractHost,
  type Listener,
  type Surroundings,
} from './contract-bench.ts'
import { networkTableTests } from './network-table.ts'
import { systemPortTests } from './system-port.ts'
import { describeWhere } from '../support/describe-where.ts'

export interface ContractOptions {
  readonly name: string
  /** Why the suite cannot run here; it is skipped, and its title says so. */
  readonly unavailable?: string | undefined
  /** A hypervisor for this suite alone. */
  open(): Promise<ContractHost>
  /** Puts something outside of the opened host; without it the table of the network modes is not proven. */
  readonly surroundings?: () => Promise<Surroundings>
  /** For every spec, as `--set` takes it. */
  readonly set?: readonly string[]
  /** Whose guests have a second serial port. */
  readonly systemPortOf?: Architecture
  /** What only this provider promises. Runs last, on the same hypervisor. */
  additionalTests?(bench: () => Bench): void
}

const MiB = 1024 ** 2

export function describeProviderContract(options: ContractOptions): void {
  const { name, unavailable } = options
  describeWhere(`the contract on ${name}`, unavailable, () => {
    let bench: Bench
    let folder: string
    let host: ContractHost

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'azl-contract-'))
      host = await options.open()
      const provider = await host.open()
      const environment = testEnvironment({
        home: join(folder, 'home'),
        entries: [],
        processes: await processTable(),
      })
      const facts = await provider.facts(testCall())
      bench = new Bench({ host, provider, facts, folder, environment, set: options.set ?? [] })
    })

    afterAll(async () => {
      await bench.provider.close()
      await host.close()
      await rm(folder, { recursive: true, force: true })
    })

    describe('facts and plan', () => planTests(() => bench))
    describe('a machine that is off', () => offTests(() => bench))
    describe('a booted machine', () => bootedTests(() => bench))
    const { systemPortOf } = options
    if (systemPortOf) {
      describe(`a booted ${systemPortOf} machine, whose system has a port of its own`, () =>
        systemPortTests(() => bench, systemPortOf))
    }
    describe('snapshots and clones', () => snapshotTests(() => bench))
    describe('a machine with Secure Boot', () => secureBootTests(() => bench))
    describe('names and owners', () => ownershipTests(() => bench))
    describe('ports of the host', () => portTests(() => bench))
    const { surroundings } = options
    if (surroundings) describe('the network modes', () => networkTableTests(() => bench, surroundings))
    if (options.additionalTests) {
      const additional = options.additionalTests.bind(options)
      describe(`beyond the contract`, () => additional(() => bench))
    }
    test('nothing is left on the host after all of this', async () => {
      await bench.provider.removeUnusedShared(testCall())
      expect(await bench.host.inventory()).toEqual([])
    })
  })
}

function planTests(bench: () => Bench): void {
  test('facts are JSON, and reading them changes nothing', async () => {
    const { provider, host } = bench()
    const before = await host.inventory()
    const facts = await provider.facts(testCall())
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
    expect(facts).toMatchObject({ provider: provider.name, host: provider.host, isReady: true, isAssumed: false })
    expect(facts.findings.filter((finding) => finding.level === 'error')).toEqual([])
    expect(await host.inventory()).toEqual(before)
  })

  test('a host that is not ready is a finding with a fix, not an exception', async () => {
    const provider = await bench().host.openUnready()
    try {
      const facts = await provider.facts(testCall())
      expect(facts.isReady).toBe(false)
      const errors = facts.findings.filter((finding) => finding.level === 'error')
      expect(errors).not.toEqual([])
      for (const finding of errors) {
        expect(finding).toMatchObject({
          code: expect.stringMatching(/^[a-z-]+$/) as string,
          error: expect.any(String) as string,
        })
        expect(finding.fix).toBeTruthy()
      }
      const assumed = provider.assumedFacts(facts)
      expect(assumed).toMatchObject({ isAssumed: true, findings: facts.findings })
      const plan = provider.plan(await bench().request('assumed'), assumed)
      expect(plan.operations).not.toEqual([])
    } finally {
      await provider.close()
    }
  })

  test('the same request and facts give the same plan, as JSON, and planning changes nothing', async () => {
    const { host, provider, facts } = bench()
    const before = await host.inventory()
    const request = await bench().request('planned', 'machine: { disks: [{ size: 64MiB }, {}], networks: [{}] }')
    const plan = provider.plan(request, facts)
    expect(provider.plan(request, JSON.parse(JSON.stringify(facts)) as typeof facts)).toEqual(plan)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    const ids = plan.operations.map((operation) => operation.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['define', 'disk-0', 'disk-1', 'attach-installer', 'start']))
    expect(ids.indexOf('define'), 'the anchor comes first').toBe(0)
    expect(await host.inventory()).toEqual(before)
  })

  test('what the host cannot do is an error at the spec’s key, and nothing is planned', async () => {
    const { provider, facts } = bench()
    const without = (change: Partial<typeof facts.capabilities>): typeof facts => ({
      ...facts,
      // What is said of one architecture would count before what is said of the host.
      capabilities: { ...facts.capabilities, guests: {}, ...change },
    })
    const cases = [
      [
        without({ secureBoot: false }),
        'machine: { firmware: { secureBoot: true } }',
        ['machine', 'firmware', 'secureBoot'],
      ],
      [without({ tpm: false }), 'machine: { firmware: { tpm: true } }', ['machine', 'firmware', 'tpm']],
      [without({ networkModes: [] }), 'machine: { networks: [{ mode: nat }] }', ['machine', 'networks', 0, 'mode']],
      [without({ architectures: [] }), 'machine: {}', ['arch']],
    ] as const
    for (const [limited, line, path] of cases) {
      const plan = provider.plan(await bench().request('impossible', line), limited)
      expect(plan.diagnostics.filter(({ level }) => level === 'error').map((diagnostic) => diagnostic.path)).toEqual([
        path,
      ])
      expect(plan.operations).toEqual([])
    }
  })
}

function offTests(bench: () => Bench): void {
  const lines = ['machine: { cpus: 1, memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }', 'expires: 7d']
  let request: MachineRequest

  beforeAll(async () => {
    request = await bench().make('off', ...lines)
  })
  afterAll(async () => {
    await bench().destroy(request.ref)
  })

  test('making it leaves it off, marked, listed, and as the spec says', async () => {
    const { provider } = bench()
    const info = await bench().inspect(request.ref)
    expect(info).toMatchObject({
      ref: request.ref,
      state: 'off',
      cpus: 1,
      memoryBytes: 256 * MiB,
      architecture: 'x86_64',
      secureBoot: false,
      tpm: false,
      networks: [],
    })
    expect(info.disks.map((disk) => disk.sizeBytes)).toEqual([64 * MiB])
    expect(info.mark).toEqual({ ...request.mark, provider: info.mark?.provider })
    expect(info.mark).toMatchObject({ machineId: request.ref.id, name: 'off', phase: 'creating' })
    expect((await provider.list(testCall())).map(({ ref }) => ref)).toEqual([request.ref])
  })

  test('a console that waits for the start is held: a second one is refused, and takes over by force', async () => {
    const open = (force: boolean) =>
      bench().provider.openConsole(request.ref, { port: 'firmware', force, onData: () => undefined }, testCall())
    const first = await open(false)
    await expect(open(false)).rejects.toMatchObject({ code: 'resource-busy' })
    const second = await open(true)
    expect(await first.ended).toEqual({ why: 'taken' })
    await second.close()
    await (await open(false)).close()
  })

  test('observing says done after the making, and missing for a machine that was not made', async () => {
    const { provider } = bench()
    const observe = async (of: MachineRequest): Promise<readonly string[]> => {
      const seen = []
      for (const operation of bench()
        .making(of)
        .filter(({ object }) => object.kind !== 'pool'))
        seen.push((await provider.observe(operation, of, testCall())).is)
      return [...new Set(seen)]
    }
    expect(await observe(request)).toEqual(['done'])
    expect(await observe(await bench().request('absent', ...lines))).toEqual(['missing'])
  })

  test('observing names each key that differs, with what is wanted and what is found', async () => {
    // What a host has not cannot be planned.
    const { tpm } = bench().facts.capabilities
    const firmware = tpm ? 'tpm: true' : 'secureBoot: true'
    const other = await bench().request(
      'off',
      `machine: { cpus: 2, memory: 512MiB, disks: [{ size: 128MiB }], networks: [{}], firmware: { ${firmware} } }`,
    )
    const changed = { ...other, ref: request.ref, mark: request.mark }
    const differences = []
    for (const operation of bench().making(changed)) {
      const seen = await bench().provider.observe(operation, changed, testCall())
      if (seen.is === 'different') differences.push(...seen.differences)
    }
    expect(differences).toContainEqual({ key: 'machine.cpus', wanted: '2', found: '1' })
    expect(differences).toContainEqual({ key: 'machine.memory', wanted: '512MiB', found: '256MiB' })
    expect(differences).toContainEqual({ key: 'machine.disks[0].size', wanted: '128MiB', found: '64MiB' })
    expect(differences.map(({ key }) => key)).toEqual(
      expect.arrayContaining([`machine.firmware.${tpm ? 'tpm' : 'secureBoot'}`, 'machine.networks']),
    )
  })

  test('applying it all again is done, and makes nothing new', async () => {
    const before = await bench().host.inventory()
    await bench().apply(request, bench().making(request))
    expect(await bench().host.inventory()).toEqual(before)
    expect((await bench().inspect(request.ref)).disks).toHaveLength(1)
  })

  test('a machine of the same id that another run made is machine-exists, and stays as it is', async () => {
    const before = await bench().inspect(request.ref)
    const stranger = { ...request, mark: { ...request.mark, runId: bench().runId() } }
    const [define] = bench().making(stranger)
    await expect(bench().provider.apply(define!, stranger, testCall())).rejects.toMatchObject({
      code: 'machine-exists',
    })
    expect(await bench().inspect(request.ref)).toEqual(before)
  })

  test.each(['off', 'OFF'])(
    'the name %s is taken by another run’s machine: machine-exists, the first untouched',
    async (taken) => {
      const before = [await bench().inspect(request.ref), await bench().host.inventory()]
      const second = await bench().request(taken, ...lines)
      const [define] = bench().making(second)
      await expect(bench().provider.apply(define!, second, testCall())).rejects.toMatchObject({
        code: 'machine-exists',
      })
      expect([await bench().inspect(request.ref), await bench().host.inventory()]).toEqual(before)
    },
  )

  test('a name is found without regard to case', async () => {
    const { provider } = bench()
    expect((await provider.findByName('oFf', testCall())).map(({ ref }) => ref)).toEqual([request.ref])
    expect(await provider.findByName('of', testCall())).toEqual([])
  })

  test('attaching twice and ejecting twice is done; the user’s file keeps owner, mode and content', async () => {
    const { provider } = bench()
    const medium = await bench().medium('poweroff')
    const before = await fingerprint(medium.path)
    await provider.attach(request.ref, 'installer', medium, testCall())
    const inserted = (await bench().inspect(request.ref)).installer
    await provider.attach(request.ref, 'installer', medium, testCall())
    expect(inserted).toBeTruthy()
    expect((await bench().inspect(request.ref)).installer).toBe(inserted)
    await provider.detach(request.ref, 'installer', testCall())
    await provider.detach(request.ref, 'installer', testCall())
    expect((await bench().inspect(request.ref)).installer).toBeUndefined()
    await provider.attach(request.ref, 'installer', request.installer, testCall())
    expect(await fingerprint(medium.path)).toEqual(before)
  })

  test('updating the mark changes what is given and keeps the rest', async () => {
    const { provider } = bench()
    const before = (await bench().inspect(request.ref)).mark
    const creator = { pid: 4711, startTime: '12', bootId: 'd'.repeat(32) }
    await provider.updateMark(request.ref, { phase: 'failed' }, testCall())
    await provider.updateMark(request.ref, { creator }, testCall())
    expect((await bench().inspect(request.ref)).mark).toEqual({ ...before, phase: 'failed', creator })
  })

  test('stopping it is done, in either way', async () => {
    for (const mode of ['graceful', 'force'] as const)
      await bench().provider.stop(request.ref, { mode, timeoutMs: 1000 }, testCall())
    expect((await bench().inspect(request.ref)).state).toBe('off')
  })

  test('it has no address, no screen and an empty log', async () => {
    const { provider } = bench()
    expect(await provider.endpoint(request.ref, testCall())).toBeUndefined()
    await expect(provider.screenshot(request.ref, testCall())).rejects.toBeInstanceOf(AzlVmError)
    expect(await textOf(provider.readLog(request.ref, 'firmware', testCall()))).toBe('')
    expect(await textOf(provider.followLog(request.ref, 'firmware', 'beginning', testCall()))).toBe('')
  })

  test('an absent machine is a state, and removing it is done', async () => {
    const absent = (await bench().request('nowhere')).ref
    expect(await bench().inspect(absent)).toMatchObject({ ref: absent, state: 'absent' })
    expect(await bench().provider.destroy(absent, testCall())).toEqual({ removed: [], kept: [] })
    await expect(bench().provider.start(absent, testCall())).rejects.toMatchObject({ code: 'machine-not-found' })
  })

  test('a call whose signal is aborted rejects with cancelled and does nothing', async () => {
    const { provider, host } = bench()
    const aborted = testCall(AbortSignal.abort())
    const fresh = await bench().request('never')
    const [define] = bench().making(fresh)
    const before = await host.inventory()
    for (const asked of [
      () => provider.apply(define!, fresh, aborted),
      () => provider.start(request.ref, aborted),
      () => provider.inspect(request.ref, aborted),
      () => provider.destroy(request.ref, aborted),
      () => provider.list(aborted),
      () => textOf(provider.followLog(request.ref, 'firmware', 'beginning', aborted)),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'cancelled' })
    expect(await host.inventory()).toEqual(before)
    expect((await bench().inspect(request.ref)).state).toBe('off')
  })

  test('undoing everything backwards leaves nothing, and undoing again is done', async () => {
    const before = await bench().host.inventory()
    const made = await bench().make('undone', ...lines)
    for (const round of [1, 2]) {
      for (const operation of bench().making(made).toReversed())
        await bench().provider.undo(operation, made, testCall())
      expect(await bench().host.inventory(), `round ${String(round)}`).toEqual(before)
    }
  })
}

/** Where the firmware speaks, its words come before the guest's; elsewhere the guest's are all that there is. */
function expectFirmwareFirst({ facts }: Bench, text: string): void {
  if (!facts.capabilities.console.firmwareSpeaks) expect(text).not.toContain('BdsDxe')
  else expect(text.slice(0, text.indexOf('"azl":"probe"'))).toContain('BdsDxe: ')
}

function bootedTests(bench: () => Bench): void {
  const macs = ['52:54:00:12:34:56', '52:54:00:ab:cd:ef'] as const
  let request: MachineRequest
  let heard: Listener
  let console: ConsoleHandle
  let hasEnded = false

  beforeAll(async () => {
    const { capabilities } = bench().facts
    const nics = macs.map((mac) => `{ mac: '${mac}' }`).join(', ')
    request = await bench().make(
      'booted',
      `machine: { cpus: 2, memory: 512MiB, disks: [{ size: 64MiB }, { size: 128MiB }], networks: [${nics}], firmware: { tpm: ${String(capabilities.tpm)} } }`,
    )
    heard = listener()
    console = await bench().provider.openConsole(request.ref, { port: 'firmware', onData: heard.onData }, testCall())
    void console.ended.then(() => {
      hasEnded = true
    })
    await bench().provider.start(request.ref, testCall())
    await heard.until('the closing line of the probe', () => ['complete', 'damaged'].includes(heard.reader.state))
  })
  afterAll(async () => {
    await console.close()
    await bench().destroy(request.ref)
  })

  test('a console that was opened before the start hears the guest from its first byte: the report is whole', () => {
    expect(heard.reader.problem).toBeUndefined()
    expect(heard.reader.state).toBe('complete')
    expectFirmwareFirst(bench(), heard.text)
    expect(heard.reader.report?.droppedBytes).toBe(0)
  })

  test('the guest sees the processors, the memory and the disks of the spec', async () => {
    const report = heard.reader.report!
    expect(report).toMatchObject({ processors: 2, memoryBytes: 512 * MiB })
    expect(report.disks.map((disk) => disk.sizeBytes)).toEqual([64 * MiB, 128 * MiB])
    expect(report.system?.uuid).toBe(await bench().guestUuid(request.ref))
  })

  test('the guest sees the installer in one optical drive, an empty second one, and was booted from the first', () => {
    const { opticalDrives } = heard.reader.report!
    expect(opticalDrives.map(({ label, isMediaPresent, isBooted }) => ({ label, isMediaPresent, isBooted }))).toEqual([
      { label: probeVolumeLabel, isMediaPresent: true, isBooted: true },
      { label: null, isMediaPresent: false, isBooted: false },
    ])
    expect(opticalDrives[0]?.sizeBytes).toBe(request.installer.sizeBytes)
  })

  test('the guest sees its network cards with the addresses of the spec, in its order', () => {
    expect(heard.reader.report?.nics.map((nic) => nic.mac)).toEqual(macs)
  })

  test('the guest sees Secure Boot off, and the TPM that was asked for', (context) => {
    expect(heard.reader.report?.secureBoot).not.toBe(true)
    if (!bench().facts.capabilities.tpm) context.skip('this host has no TPM for guests')
    expect(heard.reader.report?.tpm).toMatchObject({ isPresent: true, hasTcg2: true })
  })

  test('the boot watch says that the firmware left for the installer, with the line that shows it', () => {
    const watch = bench().provider.bootWatch()
    // Byte by byte: lines may be split anywhere.
    const outcome = [...heard.text].map((character) => watch.feed(character)).find((each) => each !== undefined)
    expect(outcome).toMatchObject({ is: 'left-for', target: 'installer' })
    const { firmwareSpeaks } = bench().facts.capabilities.console
    expect(outcome?.evidence.join()).toContain(firmwareSpeaks ? 'starting' : '"azl":"probe"')
  })

  test('what is typed reaches the guest, and its answer comes back', async () => {
    await console.write(Buffer.from('ping one\r'))
    await heard.until('pong', () => heard.reader.answers.some(({ type }) => type === 'pong'))
    expect(heard.reader.answers).toContainEqual({ type: 'pong', text: 'ping one' })
  })

  test('a second holder of the console is refused, and the first goes on', async () => {
    const second = bench().provider.openConsole(request.ref, { port: 'firmware', onData: () => undefined }, testCall())
    await expect(second).rejects.toMatchObject({ code: 'resource-busy' })
    await console.write(Buffer.from('ping two\r'))
    await heard.until('the second pong', () => heard.reader.answers.length >= 2)
    expect(hasEnded).toBe(false)
  })

  test('force takes the console over; who had it is told', async () => {
    const taker = listener()
    const before = console
    console = await bench().provider.openConsole(
      request.ref,
      { port: 'system', force: true, onData: taker.onData },
      testCall(),
    )
    expect(await before.ended).toEqual({ why: 'taken' })
    hasEnded = false
    void console.ended.then(() => {
      hasEnded = true
    })
    await console.write(Buffer.from('ping three\r'))
    await taker.until('the third pong', () => taker.text.includes('ping three'))
  })

  test('starting it again is done', async () => {
    expect(await bench().provider.start(request.ref, testCall())).toMatchObject({
      acceleration: expect.any(String) as string,
    })
    expect((await bench().inspect(request.ref)).state).toBe('running')
  })

  test('the log holds what the console heard', async () => {
    const log = await textOf(bench().provider.readLog(request.ref, 'firmware', testCall()))
    expect(log.startsWith(heard.text)).toBe(true)
    expect(await bench().provider.describeLog(request.ref, testCall())).toBeTruthy()
  })

  test('following the log brings what was said and what comes, until it is aborted', async () => {
    const stop = new AbortController()
    let text = ''
    const following = (async () => {
      for await (const bytes of bench().provider.followLog(
        request.ref,
        'firmware',
        'beginning',
        testCall(stop.signal),
      )) {
        const isFirst = text === ''
        text += Buffer.from(bytes).toString('latin1')
        if (isFirst) await console.write(Buffer.from('ping four\r'))
        if (text.includes('"text":"ping four"')) stop.abort()
      }
    })()
    await expect(following).rejects.toMatchObject({ code: 'cancelled' })
    expect(text.startsWith(heard.text)).toBe(true)
  })

  test('SSH answers at an address, where the network leads there', async () => {
    await bench().host.hearFrom?.(macs[0])
    const endpoint = await bench().provider.endpoint(request.ref, testCall())
    expect(endpoint).toMatchObject({ address: expect.any(String) as string, port: expect.any(Number) as number })
  })

  test('the screen is a PNG', async () => {
    const image = Buffer.from(await bench().provider.screenshot(request.ref, testCall()))
    expect(image.subarray(0, 8).toString('latin1')).toBe('\u0089PNG\r\n\u001a\n')
    expect(image.subarray(12, 16).toString('latin1')).toBe('IHDR')
    expect(image.readUInt32BE(16)).toBeGreaterThan(0)
    expect(image.readUInt32BE(20)).toBeGreaterThan(0)
  })

  test('the mark of a running machine can be changed', async () => {
    await bench().provider.updateMark(request.ref, { phase: 'booting' }, testCall())
    await bench().provider.updateMark(request.ref, { phase: 'ready' }, testCall())
    expect((await bench().inspect(request.ref)).mark).toMatchObject({ phase: 'ready', runId: request.mark.runId })
  })

  test('the medium of a running machine can be ejected and put back', async () => {
    await bench().provider.detach(request.ref, 'installer', testCall())
    expect((await bench().inspect(request.ref)).installer).toBeUndefined()
    await bench().provider.attach(request.ref, 'installer', request.installer, testCall())
    expect((await bench().inspect(request.ref)).installer).toBeTruthy()
  })

  test('a graceful stop that the guest does not hear is timed-out, and the machine runs on', async () => {
    const stopping = bench().provider.stop(request.ref, { mode: 'graceful', timeoutMs: 300 }, testCall())
    await expect(stopping).rejects.toMatchObject({ code: 'timed-out' })
    expect((await bench().inspect(request.ref)).state).toBe('running')
    expect(hasEnded).toBe(false)
  })

  test('who watches the state stops with the signal', async () => {
    const abort = new AbortController()
    const states = bench().provider.watchState(request.ref, testCall(abort.signal))[Symbol.asyncIterator]()
    expect((await states.next()).value).toBe('running')
    const next = states.next()
    abort.abort()
    await expect(next).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('an abort in the middle of a long call rejects with cancelled, long before its deadline', async () => {
    const abort = new AbortController()
    const stopping = bench().provider.stop(
      request.ref,
      { mode: 'graceful', timeoutMs: 3_600_000 },
      testCall(abort.signal),
    )
    abort.abort()
    await expect(stopping).rejects.toMatchObject({ code: 'cancelled' })
    expect((await bench().inspect(request.ref)).state).toBe('running')
  })

  test('a reset begins the guest anew, heard from its first byte on the same console', async () => {
    const { provider } = bench()
    const again = listener()
    const before = console
    console = await provider.openConsole(
      request.ref,
      { port: 'firmware', force: true, onData: again.onData },
      testCall(),
    )
    await before.ended
    hasEnded = false
    void console.ended.then(() => {
      hasEnded = true
    })
    await provider.reset(request.ref, testCall())
    await again.until('the second report of the probe', () => again.reader.state === 'complete')
    expectFirmwareFirst(bench(), again.text)
    expect(again.reader.report?.system?.uuid).toBe(await bench().guestUuid(request.ref))
    expect(hasEnded).toBe(false)
    expect((await bench().inspect(request.ref)).state).toBe('running')
  })

  test('the window on the machine is a program with its arguments, or there is a reason why not', async () => {
    const { provider, facts } = bench()
    const answer = await provider.viewer(request.ref, testCall()).catch((error: unknown) => error)
    const codes = facts.capabilities.viewer ? ['tool-missing', 'not-supported'] : ['not-supported']
    if (answer instanceof AzlVmError) expect(codes).toContain(answer.code)
    // Each hypervisor finds a machine by what it has of it: an id, or a file.
    else
      expect((answer as Viewer).command.some((word) => word.includes(request.ref.id) || word.includes('booted'))).toBe(
        true,
      )
  })

  test('the console ends when the guest switches the machine off, and not before; who watches the state is told', async () => {
    const states = bench().provider.watchState(request.ref, testCall())[Symbol.asyncIterator]()
    expect((await states.next()).value).toBe('running')
    expect(hasEnded).toBe(false)
    await console.write(Buffer.from('off\r'))
    expect(await console.ended).toEqual({ why: 'machine-off' })
    const seen = [await states.next()]
    if (seen[0]?.value === 'stopping') seen.push(await states.next())
    expect(seen.at(-1)?.value).toBe('off')
    await states.return?.()
    expect((await bench().inspect(request.ref)).state).toBe('off')
  })

  test('a machine that is off cannot be reset', async () => {
    await expect(bench().provider.reset(request.ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect((await bench().inspect(request.ref)).state).toBe('off')
  })

  test('following the log of a machine that is off ends by itself', async () => {
    const text = await textOf(bench().provider.followLog(request.ref, 'firmware', 'last-start', testCall()))
    expect(text).toContain('"type":"off"')
  })

  test('a forced stop switches a started machine off, and a second one is done', async () => {
    await bench().provider.start(request.ref, testCall())
    for (const _ of [1, 2]) await bench().provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
    expect((await bench().inspect(request.ref)).state).toBe('off')
  })
}

/** One machine, booted twice: its memory goes on from the snapshot; and one clone, booted once. */
function snapshotTests(bench: () => Bench): void {
  let request: MachineRequest
  let heard: Listener
  let console: ConsoleHandle
  let heldSeq = 0
  const take = (name: string) =>
    bench().provider.snapshot(
      request.ref,
      { name, created: bench().environment.now().toISOString(), runId: bench().runId() },
      testCall(),
    )
  const restore = (name: string) => bench().provider.restore(request.ref, { name, runId: bench().runId() }, testCall())
  const list = () => bench().provider.listSnapshots(request.ref, testCall())
  const listed = async () => (await list()).map(({ name, parent, isCurrent }) => [name, parent, isCurrent])
  const listen = async () => {
    heard = listener()
    console = await bench().provider.openConsole(request.ref, { port: 'system', onData: heard.onData }, testCall())
  }
  /** The probe counts its lines: the number is what it has in its memory. */
  const ping = async (word: string): Promise<number> => {
    const answer = new RegExp(`"seq":(\\d+)[^\\n]*"ping ${word}"`)
    // An empty line first: QEMU's UART now and then loses the first byte after its memory came back ("ing again", seen).
    await console.write(Buffer.from(`\rping ${word}\r`))
    await heard.until(`the answer to ${word}`, () => answer.test(heard.text))
    return Number(answer.exec(heard.text)?.[1])
  }
  const cloneRequest = (name: string, of: MachineRequest, snapshot?: string): CloneRequest => {
    const id = randomUUID()
    const mark = {
      ...of.mark,
      runId: bench().runId(),
      machineId: id,
      name,
      created: bench().environment.now().toISOString(),
    }
    const macs = of.macs.map((_, index) => `52:54:00:00:00:0${String(index + 1)}`)
    return { ref: { name, id }, mark, macs, ...(snapshot === undefined ? {} : { snapshot }) }
  }

  beforeAll(async () => {
    const { capabilities } = bench().facts
    request = await bench().make(
      'held',
      `machine: { cpus: 1, memory: 256MiB, disks: [{ size: 64MiB }], networks: [{}], firmware: { tpm: ${String(capabilities.tpm)} } }`,
    )
  })
  afterAll(async () => {
    // Where a test failed its clones are there: the youngest first.
    const left = await bench().provider.list(testCall())
    const age = ({ mark }: MachineInfo): string => mark?.created ?? ''
    for (const { ref } of left.toSorted((a, b) => age(b).localeCompare(age(a)))) await bench().destroy(ref)
  })

  test('a machine that is off is held, and goes on being off; its name is taken from then on', async () => {
    expect(await list()).toEqual([])
    const held = await take('Clean')
    const { snapshots, tpm } = bench().facts.capabilities
    expect(held).toMatchObject({ name: 'Clean', hasMemory: false, isCurrent: true })
    expect(held.isTpmHeld).toBe(tpm ? snapshots.tpm : undefined)
    expect(held.parent).toBeUndefined()
    const before = await bench().host.inventory()
    await expect(take('cLEAN')).rejects.toMatchObject({ code: 'snapshot-exists' })
    expect(await bench().host.inventory()).toEqual(before)
    expect(await bench().inspect(request.ref)).toMatchObject({ state: 'off', disks: [{ sizeBytes: 64 * MiB }] })
  })

  test('its disk is exported in each format that the host writes, whole, and nothing stays on the host', async () => {
    const { provider, facts, host, folder } = bench()
    const before = await host.inventory()
    for (const format of facts.capabilities.exportFormats) {
      const file = join(folder, `exported.${format}`)
      await provider.exportDisk(request.ref, { file, format, runId: bench().runId() }, testCall())
      const { sizeBytes, hasParent } = await readDiskImage(file, format)
      // The geometry of a VHD may need more.
      expect([sizeBytes >= 64 * MiB, sizeBytes < 66 * MiB, hasParent], format).toEqual([true, true, false])
    }
    expect(await host.inventory()).toEqual(before)
    expect(await provider.leftovers(testCall())).toEqual([])
  })

  test('a machine that runs is held with its memory, and goes on with its console', async () => {
    await listen()
    await bench().provider.start(request.ref, testCall())
    await heard.until('the closing line of the probe', () => heard.reader.state === 'complete')
    await ping('before')
    expect(await take('booted')).toMatchObject({ hasMemory: true, parent: 'Clean', isCurrent: true })
    expect((await bench().inspect(request.ref)).state).toBe('running')
    heldSeq = await ping('after')
    expect(heard.reader.state).toBe('complete')
  })

  test('restored, the guest goes on where its memory was held, and can be reached as before', async () => {
    await ping('lost')
    const before = console
    const { state, outputs } = await restore('booted')
    expect(await before.ended).toEqual({ why: 'machine-off' })
    expect(state).toBe('running')
    expect((await bench().inspect(request.ref)).state).toBe('running')
    await listen()
    expect(await ping('again'), 'what it counted since is forgotten').toBe(heldSeq)
    expect(heard.text).not.toContain('BdsDxe')
    if (outputs['port-22'] !== undefined)
      expect(await bench().provider.endpoint(request.ref, testCall())).toMatchObject({ port: outputs['port-22'] })
  })

  test('restoring one that was off switches the machine off; the next snapshot begins a branch', async () => {
    expect(await restore('clean')).toMatchObject({ state: 'off' })
    expect((await bench().inspect(request.ref)).state).toBe('off')
    expect(await listed()).toEqual([
      ['Clean', undefined, true],
      ['booted', 'Clean', false],
    ])
    await take('branch')
    expect(await listed()).toEqual([
      ['Clean', undefined, false],
      ['booted', 'Clean', false],
      ['branch', 'Clean', true],
    ])
  })

  test('what was planned is still observed as done', async () => {
    for (const operation of bench().making(request))
      expect(await bench().provider.observe(operation, request, testCall()), operation.id).toEqual({ is: 'done' })
  })

  test('a snapshot that is not there is snapshot-not-found, and nothing is touched', async () => {
    const before = [await bench().inspect(request.ref), await bench().host.inventory()]
    const { provider } = bench()
    for (const asked of [
      () => restore('none'),
      () => provider.deleteSnapshot(request.ref, 'none', testCall()),
      () => provider.clone(request.ref, cloneRequest('of-none', request, 'none'), testCall()),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'snapshot-not-found' })
    expect([await bench().inspect(request.ref), await bench().host.inventory()]).toEqual(before)
  })

  test('one in the middle is deleted: what came after it is whole, and has its parent', async () => {
    await bench().provider.deleteSnapshot(request.ref, 'clean', testCall())
    expect(await listed()).toEqual([
      ['booted', undefined, false],
      ['branch', undefined, true],
    ])
    expect(await restore('booted')).toMatchObject({ state: 'running' })
    await listen()
    expect(await ping('once more')).toBe(heldSeq)
  })

  test('a running machine is cloned from a snapshot only; the clone boots with an identity of its own', async () => {
    const { provider } = bench()
    await expect(provider.clone(request.ref, cloneRequest('twin', request), testCall())).rejects.toMatchObject({
      code: 'resource-busy',
    })
    await expect(
      provider.clone(request.ref, cloneRequest('HELD', request, 'branch'), testCall()),
    ).rejects.toMatchObject({ code: 'machine-exists' })
    expect((await provider.list(testCall())).map(({ ref }) => ref)).toEqual([request.ref])
    const twin = cloneRequest('twin', request, 'branch')
    await provider.clone(request.ref, twin, testCall())
    const original = await bench().inspect(request.ref)
    const info = await bench().inspect(twin.ref)
    expect(info).toMatchObject({ ref: twin.ref, state: 'off', tpm: original.tpm, installer: original.installer })
    expect(info.mark).toEqual({ ...twin.mark, provider: info.mark?.provider })
    expect(info.networks.map(({ mac }) => mac)).toEqual(twin.macs)
    expect(info.disks.map((disk) => disk.sizeBytes)).toEqual([64 * MiB])
    expect(info.disks[0]?.where).not.toBe(original.disks[0]?.where)
    expect(await provider.listSnapshots(twin.ref, testCall())).toEqual([])
    const other = listener()
    await provider.openConsole(twin.ref, { port: 'system', onData: other.onData }, testCall())
    const { outputs } = await provider.start(twin.ref, testCall())
    await other.until('the clone’s report', () => other.reader.state === 'complete')
    expect(other.reader.report).toMatchObject({
      system: { uuid: await bench().guestUuid(twin.ref) },
      disks: [{ sizeBytes: 64 * MiB }],
    })
    expect(other.reader.report?.nics.map(({ mac }) => mac)).toEqual(twin.macs)
    const endpoint = await provider.endpoint(request.ref, testCall())
    if (endpoint) expect(outputs['port-22']).not.toBe(endpoint.port)
    expect((await bench().inspect(request.ref)).state, 'the original runs on').toBe('running')
    expect(await textOf(provider.readLog(twin.ref, 'firmware', testCall()))).toContain(
      (await bench().guestUuid(twin.ref)).replaceAll('-', ''),
    )
    await provider.stop(twin.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
  })

  test('a machine whose disk a clone needs is not removed, also through a clone of the clone', async () => {
    const { provider, host } = bench()
    const [twin] = await provider.findByName('twin', testCall())
    const second = cloneRequest('second', request)
    await provider.clone(twin!.ref, second, testCall())
    const before = await host.inventory()
    expect(await provider.dependents(request.ref, testCall())).toEqual([twin!.ref])
    expect(await provider.dependents(twin!.ref, testCall())).toEqual([second.ref])
    expect(await provider.dependents(second.ref, testCall())).toEqual([])
    for (const ref of [request.ref, twin!.ref])
      await expect(provider.destroy(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect(await host.inventory()).toEqual(before)
    expect((await bench().inspect(request.ref)).state).toBe('running')
    await bench().destroy(second.ref)
    await bench().destroy(twin!.ref)
    expect(await provider.dependents(request.ref, testCall())).toEqual([])
  })

  test('what is not needed any more is gone: no leftovers, and all of it goes with the machine', async () => {
    const { provider, host } = bench()
    expect(await provider.leftovers(testCall())).toEqual([])
    await provider.destroy(request.ref, testCall())
    await provider.removeUnusedShared(testCall())
    expect(await host.inventory()).toEqual([])
  })
}

function secureBootTests(bench: () => Bench): void {
  test('the unsigned probe is refused, and the boot watch says why', async (context) => {
    const { provider, facts } = bench()
    if (!facts.capabilities.secureBoot) context.skip('this host has no Secure Boot for guests')
    const request = await bench().make(
      'secure',
      'machine: { cpus: 1, memory: 256MiB, disks: [], networks: [], firmware: { secureBoot: true } }',
    )
    try {
      expect((await bench().inspect(request.ref)).secureBoot).toBe(true)
      const heard = listener()
      const watch = provider.bootWatch()
      let outcome: ReturnType<typeof watch.feed>
      const onData = (bytes: Uint8Array): void => {
        outcome ??= watch.feed(Buffer.from(bytes).toString('latin1'))
        heard.onData(bytes)
      }
      const since = new Date()
      await provider.openConsole(request.ref, { port: 'firmware', onData }, testCall())
      await provider.start(request.ref, testCall())
      if (facts.capabilities.console.firmwareSpeaks) {
        await heard.until('the outcome of the boot', () => outcome !== undefined)
        expect(outcome).toMatchObject({ is: 'refused', why: 'secure-boot' })
        expect(outcome?.evidence.join('\n')).toContain('Access Denied')
      } else if (facts.capabilities.hostEvents) {
        // A silent firmware is told of by its hypervisor.
        await expect
          .poll(async () => (await provider.events(request.ref, since, testCall())).map(({ refused }) => refused), {
            timeout: 120_000,
          })
          .toContain('secure-boot')
        expect(outcome).toBeUndefined()
      } else {
        // Nobody tells a user: the double's firmware tells the test, at a place where no hypervisor listens.
        await expect
          .poll(() => bench().host.firmwareText?.(request.ref), { timeout: 120_000 })
          .toContain('Access Denied')
        expect(outcome).toBeUndefined()
      }
      expect(heard.reader.state).toBe('none')
    } finally {
      await bench().destroy(request.ref)
    }
  })
}

function ownershipTests(bench: () => Bench): void {
  test.each(['a', `${'x'.repeat(40)}.Y_z-9${'0'.repeat(17)}`, '0.Mixed_Case-1', 'A..b__c--'])(
    'a machine may be called %s',
    async (name) => {
      const request = await bench().make(name)
      try {
        expect(await bench().inspect(request.ref)).toMatchObject({ ref: { name }, state: 'off', mark: { name } })
        // The longest one starts too: paths and sockets are made of it.
        if (name.length === 63) await bench().provider.start(request.ref, testCall())
        expect((await bench().inspect(request.ref)).state).toBe(name.length === 63 ? 'running' : 'off')
      } finally {
        await bench().destroy(request.ref)
      }
    },
  )

  test('a machine that azl-vm did not make keeps its name, is not listed, and is not touched', async () => {
    const { host, provider } = bench()
    const foreign = await host.makeForeignMachine('theirs')
    try {
      const before = await bench().inspect(foreign)
      expect(before.mark).toBeUndefined()
      expect(await provider.list(testCall())).toEqual([])
      expect((await provider.findByName('THEIRS', testCall())).map(({ ref }) => ref)).toEqual([foreign])
      for (const name of ['theirs', 'Theirs']) {
        const request = await bench().request(name)
        const [define] = bench().making(request)
        await expect(provider.apply(define!, request, testCall())).rejects.toMatchObject({ code: 'machine-exists' })
        await provider.undo(define!, request, testCall())
      }
      expect(await bench().inspect(foreign)).toEqual(before)
    } finally {
      await host.removeForeignMachine(foreign)
    }
  })

  test('a copy that was made by hand carries the mark, and shows by its own id that it is not ours', async () => {
    const { host, provider } = bench()
    const request = await bench().make('original')
    const copy = await host.copyByHand(request.ref, 'copied')
    try {
      const info = await bench().inspect(copy)
      expect(info.mark).toMatchObject({ machineId: request.ref.id, runId: request.mark.runId })
      expect(info.ref.id).not.toBe(request.ref.id)
      await bench().destroy(request.ref)
      expect((await provider.list(testCall())).map(({ ref }) => ref)).toEqual([copy])
    } finally {
      await host.removeForeignMachine(copy)
      // What only the copy still named.
      for (const leftover of await provider.leftovers(testCall())) await provider.removeLeftover(leftover, testCall())
      await provider.removeUnusedShared(testCall())
    }
    expect(await host.inventory()).toEqual([])
  })

  test('destroying removes all that was made, also from a running machine, and says what; again is done', async () => {
    const { host, provider } = bench()
    const request = await bench().make(
      'gone',
      'machine: { cpus: 1, memory: 256MiB, disks: [{ size: 64MiB }, { size: 64MiB }], networks: [{ mode: nat }], firmware: { tpm: ' +
        `${String(bench().facts.capabilities.tpm)} } }`,
    )
    const before = await fingerprint(request.installer.path)
    await provider.start(request.ref, testCall())
    const states = provider.watchState(request.ref, testCall())[Symbol.asyncIterator]()
    expect((await states.next()).value).toBe('running')
    const report = await provider.destroy(request.ref, testCall())
    // It may be seen off on its way.
    const seen: unknown[] = []
    for (let next = await states.next(); next.done !== true; next = await states.next()) seen.push(next.value)
    expect(seen.at(-1)).toBe('absent')
    expect(report.removed.join('\n')).toContain('gone')
    expect(await bench().inspect(request.ref)).toMatchObject({ state: 'absent' })
    expect(await provider.destroy(request.ref, testCall())).toEqual({ removed: [], kept: [] })
    expect(await provider.list(testCall())).toEqual([])
    expect(await provider.leftovers(testCall())).toEqual([])
    // Not every provider has something that machines share.
    const shared = await host.inventory()
    expect(await provider.removeUnusedShared(testCall())).toHaveLength(shared.length)
    expect(await provider.removeUnusedShared(testCall())).toEqual([])
    expect(await host.inventory()).toEqual([])
    expect(await fingerprint(request.installer.path)).toEqual(before)
  })

  test('what no machine names is a leftover of the run that made it, and can be removed alone', async () => {
    const { host, provider, environment } = bench()
    const request = await bench().make(
      'neighbour',
      'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }',
    )
    try {
      expect(await provider.leftovers(testCall())).toEqual([])
      const before = await host.inventory()
      const runId = `${environment.owner.slice(0, 8)}-m3k2p9xq-1f4-4x2k9-9bd02c11`
      const name = await host.makeLeftover('lost', runId)
      const found = await provider.leftovers(testCall())
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ runId, what: expect.stringContaining(name) as string })
      await provider.removeLeftover(found[0]!, testCall())
      await provider.removeLeftover(found[0]!, testCall())
      expect(await provider.leftovers(testCall())).toEqual([])
      expect(await host.inventory()).toEqual(before)
    } finally {
      await bench().destroy(request.ref)
    }
  })

  test('two that claim one name at the same time: at most one gets it', async () => {
    const [first, second] = [await bench().request('raced'), await bench().request('RACED')]
    const other = await bench().host.open()
    try {
      const claims = await Promise.allSettled([
        bench().provider.apply(bench().making(first)[0]!, first, testCall()),
        other.apply(bench().making(second)[0]!, second, testCall()),
      ])
      const refused = claims.filter((claim) => claim.status === 'rejected')
      for (const claim of refused) expect(claim.reason).toMatchObject({ code: 'machine-exists' })
      const there = await other.findByName('raced', testCall())
      expect(there).toHaveLength(1)
      expect(refused).toHaveLength(1)
    } finally {
      await other.close()
      for (const { ref } of [first, second]) await bench().destroy(ref)
    }
  })
}

function portTests(bench: () => Bench): void {
  const port = 48_213
  const shape = `machine: { memory: 256MiB, disks: [], networks: [{ forward: [{ host: ${port}, guest: 80 }] }] }`

  test('two machines that are to have one port: one of two starts at once has it, the other is off, and starts once it is free', async ({
    skip,
  }) => {
    skip(!bench().facts.capabilities.forward, 'this host forwards no ports')
    const { provider } = bench()
    const machines = [await bench().make('port-1', shape), await bench().make('port-2', shape)]
    const states = (): Promise<readonly string[]> =>
      Promise.all(machines.map(async ({ ref }) => (await bench().inspect(ref)).state))
    try {
      const starts = await Promise.allSettled(machines.map(({ ref }) => provider.start(ref, testCall())))
      const won = starts.findIndex((start) => start.status === 'fulfilled')
      const [winner, loser] = won === 0 ? machines : machines.toReversed()
      expect(starts[1 - won]).toMatchObject({
        reason: {
          code: 'resource-busy',
          message: expect.stringContaining(String(port)) as string,
          hint: expect.stringContaining(`"${winner!.ref.name}"`) as string,
        },
      })
      expect((await states()).toSorted()).toEqual(['off', 'running'])
      await expect(provider.start(loser!.ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
      await provider.stop(winner!.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
      expect((await provider.start(loser!.ref, testCall())).outputs).toMatchObject({ 'port-80': port })
    } finally {
      for (const { ref } of machines) await bench().destroy(ref)
    }
  })
}
