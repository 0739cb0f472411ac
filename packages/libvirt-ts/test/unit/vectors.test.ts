import { afterEach, beforeEach, expect, it } from 'vitest'
import { connect } from '../../src/index.ts'
import type { Connection, Domain } from '../../src/index.ts'
import { ScriptedServer } from '../../src/testing/index.ts'
import type { ProcedureName } from '../../src/testing/index.ts'

const dom = { name: 'vm', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 }

let server: ScriptedServer
let connection: Connection
let domain: Domain

beforeEach(async () => {
  server = new ScriptedServer().handle('domainLookupByName', () => ({ dom }))
  connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
  domain = await connection.lookupDomain('vm')
})

afterEach(() => connection.close())

const argsOf = (name: ProcedureName): unknown => server.calls.findLast((call) => call.name === name)?.args

it.each<[ProcedureName, (target: Domain, line: Connection) => Promise<unknown>, object]>([
  [
    'blockCommit',
    (target) =>
      target.blockCommit('vda', { base: '/b', top: '/t', bandwidthBytes: 9, active: true, deleteFiles: true }),
    { dom, disk: 'vda', base: '/b', top: '/t', bandwidth: 9, flags: 2 | 4 | 16 },
  ],
  ['blockCommit', (target) => target.blockCommit('vda'), { base: undefined, top: undefined, bandwidth: 0, flags: 0 }],
  ['blockJobSetSpeed', (target) => target.setBlockJobSpeed('vda', 7), { path: 'vda', bandwidth: 7, flags: 1 }],
  ['domainAbortJob', (target) => target.abortJob(), { dom }],
  ['domainSetTime', (target) => target.setGuestTimeMs(1500.5), { seconds: 1, nseconds: 500_500_000, flags: 0 }],
  ['domainRestore', (_, line) => line.restoreDomain('/m', { running: true, resetNvram: true }), { flags: 2 | 8 }],
])('%s sends what it is told', async (name, call, args) => {
  server.handle(name, () => undefined as never)
  await call(domain, connection)
  expect(argsOf(name)).toMatchObject(args)
})

it('starts paused, and with fresh firmware variables', async () => {
  server.handle('domainCreate', () => ({ dom })).handle('domainCreateXml', () => ({ dom: { ...dom, id: 8 } }))
  await domain.create({ paused: true, resetNvram: true })
  expect(argsOf('domainCreate')).toEqual({ dom, flags: 1 | 32 })
  expect((await connection.createDomain('<domain/>', { paused: true, validate: true })).id).toBe(8)
  expect(argsOf('domainCreateXml')).toEqual({ xml_desc: '<domain/>', flags: 1 | 16 })
})

it('tells statistics, and undefined where the hypervisor does not count', async () => {
  server.handle('domainInterfaceStats', () => ({
    rx_bytes: 1,
    rx_packets: 2,
    rx_errs: 3,
    rx_drop: 4,
    tx_bytes: 5,
    tx_packets: 6,
    tx_errs: 7,
    tx_drop: -1,
  }))
  expect(await domain.interfaceStats('vnet0')).toEqual({
    received: { bytes: 1, packets: 2, errors: 3, drops: 4 },
    sent: { bytes: 5, packets: 6, errors: 7, drops: undefined },
  })
  server.handle('domainBlockStats', () => ({ rd_req: 1, rd_bytes: 2, wr_req: 3, wr_bytes: 4, errs: -1 }))
  const block = { readRequests: 1, readBytes: 2, writeRequests: 3, writeBytes: 4, errors: undefined }
  expect(await domain.blockStats('vda')).toEqual(block)
  server.handle('domainMemoryStats', () => ({
    stats: [
      { tag: 7, val: 1024 },
      { tag: 99, val: 5 },
    ],
  }))
  expect([...(await domain.memoryStats())]).toEqual([
    ['rss', 1024],
    [99, 5],
  ])
  const rest = { memTotal: 0, memProcessed: 0, memRemaining: 0, fileTotal: 0, fileProcessed: 0, fileRemaining: 0 }
  const job = { type: 1, timeElapsed: 2, timeRemaining: 3, dataTotal: 4, dataProcessed: 5, dataRemaining: 6 }
  server.handle('domainGetJobInfo', () => ({ ...job, ...rest }))
  expect(await domain.jobInfo()).toEqual({
    type: 'bounded',
    elapsedMs: 2,
    remainingMs: 3,
    totalBytes: 4,
    processedBytes: 5,
    remainingBytes: 6,
  })
})

it('speaks with the guest by its agent and its channels', async () => {
  server.handle('domainGetTime', () => ({ seconds: 1_700_000_000, nseconds: 250_000_000 }))
  expect(await domain.guestTimeMs()).toBe(1_700_000_000_250)
  server.handle('qemuAgentCommand', () => ({ result: '{"return":{}}' }))
  expect(await domain.agentCommand('{}', { timeoutMs: 1500 })).toBe('{"return":{}}')
  expect(argsOf('qemuAgentCommand')).toEqual({ dom, cmd: '{}', timeout: 2, flags: 0 })
  await domain.agentCommand('{}')
  expect(argsOf('qemuAgentCommand')).toMatchObject({ timeout: -1 })
  server.handle('domainOpenChannel', (_args, { stream }) => stream.end())
  const channel = await domain.openChannel('org.example.0', { force: true })
  expect(await channel.ended).toEqual({ reason: 'eof' })
  expect(argsOf('domainOpenChannel')).toEqual({ dom, name: 'org.example.0', flags: 1 })
})

it('tells of the host', async () => {
  server.handle('nodeGetMemoryStats', () => ({ params: [{ field: 'free', value: 4 }], nparams: 1 }))
  expect(await connection.nodeMemoryStats({ numaNode: 2 })).toEqual({ free: 4096 })
  expect(argsOf('nodeGetMemoryStats')).toMatchObject({ cellNum: 2 })
  server.handle('connectGetSysinfo', () => ({ sysinfo: '<sysinfo/>' }))
  expect(await connection.sysinfo()).toBe('<sysinfo/>')
})

it('clones by sharing blocks where it is told to', async () => {
  const pool = { name: 'p', uuid: dom.uuid }
  const vol = { pool: 'p', name: 'v', key: '/p/v' }
  server.handle('poolLookupByName', () => ({ pool })).handle('volumeLookupByName', () => ({ vol }))
  server.handle('volumeCreateXmlFrom', () => ({ vol: { ...vol, name: 'w' } }))
  const images = await connection.lookupPool('p')
  const copy = await images.cloneVolume('<volume/>', await images.lookupVolume('v'), { reflink: true })
  expect(copy.name).toBe('w')
  expect(argsOf('volumeCreateXmlFrom')).toEqual({ pool, xml: '<volume/>', clonevol: vol, flags: 2 })
})
