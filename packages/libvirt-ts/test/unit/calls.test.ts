import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  AbortedError,
  connect,
  ConnectionError,
  isNoDomain,
  isUnsupported,
  LibvirtError,
  ProtocolError,
  UnknownProcedureError,
} from '../../src/index.ts'
import type { Connection, DomainEvent } from '../../src/index.ts'
import { headerBytes, writeHeader } from '../../src/rpc/frame.ts'
import { events } from '../../src/rpc/events.ts'
import { XdrWriter } from '../../src/rpc/xdr.ts'
import { fault, RawReply, ScriptedServer } from '../../src/testing/index.ts'

const dom = { name: 'vm', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 }
const never = (): Promise<never> => new Promise(() => undefined)

let server: ScriptedServer
let connection: Connection

beforeEach(async () => {
  server = new ScriptedServer().handle('domainLookupByName', () => ({ dom }))
  connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
})

afterEach(() => connection.close())

function client(): (typeof server)['connections'] extends Set<infer C> ? C : never {
  const [first] = server.connections
  if (first === undefined) throw new Error('nobody is connected')
  return first
}

describe('calls', () => {
  it('give each caller their own answer, in whatever order the answers come', async () => {
    const answers = new Map<string, (hostname: string) => void>()
    server.handle(
      'domainGetXml',
      ({ dom: { name } }) => new Promise((resolve) => answers.set(name, (xml) => resolve({ xml }))),
    )
    server.handle('domainLookupByName', ({ name }) => ({ dom: { ...dom, name } }))
    const [a, b] = await Promise.all([connection.lookupDomain('a'), connection.lookupDomain('b')])
    const texts = Promise.all([a.xml(), b.xml()])
    await server.seen('domainGetXml', 2)
    answers.get('b')?.('xml of b')
    answers.get('a')?.('xml of a')
    expect(await texts).toEqual(['xml of a', 'xml of b'])
  })

  it("carry libvirt's code, domain and fields in the error", async () => {
    server.handle('domainLookupByName', () => {
      throw fault('no-domain', "no domain with matching name 'x'", 'qemu')
    })
    const failure = await connection.lookupDomain('x').catch((error: unknown) => error)
    expect(isNoDomain(failure)).toBe(true)
    expect(failure).toMatchObject({
      code: 42,
      codeName: 'no-domain',
      domain: 10,
      domainName: 'qemu',
      message: "no domain with matching name 'x'",
      procedure: 'DOMAIN_LOOKUP_BY_NAME',
    })
  })

  it('let codes and domains through that this version does not know', async () => {
    server.handle('connectGetHostname', () => {
      throw new LibvirtError({ code: 4711, domain: 815, message: 'new', level: 2, int1: 0, int2: 0 })
    })
    await expect(connection.hostname()).rejects.toMatchObject({ code: 4711, codeName: undefined, domain: 815 })
  })

  it('never have more than four under way, so that the daemon goes on reading', async () => {
    const release: (() => void)[] = []
    server.handle('connectGetHostname', () => new Promise((resolve) => release.push(() => resolve({ hostname: 'h' }))))
    const all = Promise.all(Array.from({ length: 10 }, () => connection.hostname()))
    await server.seen('connectGetHostname', 4)
    expect(release).toHaveLength(4)
    for (let answered = 0; answered < 10; answered += 1) {
      await server.seen('connectGetHostname', Math.min(10, answered + 4))
      expect(server.calls.filter(({ name }) => name === 'connectGetHostname').length - answered).toBeLessThanOrEqual(4)
      release[answered]?.()
    }
    expect(await all).toHaveLength(10)
  })

  it('take answers of many megabytes', async () => {
    const large = 'x'.repeat(4 << 20)
    server.handle('connectGetCapabilities', () => ({ capabilities: large }))
    expect(await connection.capabilities()).toBe(large)
  })

  it('pass numbers on that have no name yet', async () => {
    const domain = await connection.lookupDomain('vm')
    server.handle('domainGetState', () => ({ state: 99, reason: 98 }))
    expect(await domain.state()).toEqual({ state: 99, reason: 98 })
    server.handle('domainGetState', () => ({ state: 3, reason: 98 }))
    expect(await domain.state()).toEqual({ state: 'paused', reason: 98 })
  })
})

describe('a daemon of another age', () => {
  const says = (message: string): LibvirtError => fault('rpc', message, 'rpc')

  it.each([
    ['unknown procedure: 337', 'in English'],
    ['unbekannte Prozedur: 337', 'in another language'],
  ])('that does not know a call says so (%s): which one, and what would help', async (message) => {
    const domain = await connection.lookupDomain('vm')
    server.handle('connectGetLibVersion', () => ({ lib_ver: 1_002_003 }))
    server.handle('domainGetTime', () => {
      throw says(message)
    })
    const failure = await domain.guestTimeMs().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UnknownProcedureError)
    expect(failure).toMatchObject({
      procedure: 'DOMAIN_GET_TIME',
      serverVersion: '1.2.3',
      sinceVersion: '1.2.5',
      codeName: 'rpc',
      hint: 'The call came with libvirt 1.2.5: the daemon must be updated.',
    })
    expect(String(failure)).toContain(
      `libvirt 1.2.3 at the other end does not know the call DOMAIN_GET_TIME (${message})`,
    )
    expect(isUnsupported(failure)).toBe(true)
  })

  it('that has no part for QEMU, or does not tell its version, is a typed error too', async () => {
    const domain = await connection.lookupDomain('vm')
    server.handle('qemuMonitorCommand', () => {
      throw says(`Cannot find program 536903815 version 1`)
    })
    await expect(domain.monitorCommand('{}')).rejects.toMatchObject({
      name: 'UnknownProcedureError',
      procedure: 'DOMAIN_MONITOR_COMMAND',
      serverVersion: undefined,
      sinceVersion: '0.8.3',
    })
  })

  it('says it of a stream as of a call, and of events', async () => {
    const domain = await connection.lookupDomain('vm')
    await expect(domain.openConsole()).rejects.toBeInstanceOf(UnknownProcedureError)
    await expect(domain.screenshot()).rejects.toBeInstanceOf(UnknownProcedureError)
    await expect(connection.subscribe('pool-refresh', () => undefined)).rejects.toBeInstanceOf(UnknownProcedureError)
  })

  it('is not suspected where an RPC error is about something else', async () => {
    server.handle('connectGetHostname', () => {
      throw says('message of 59 bytes is too short: 12')
    })
    await expect(connection.hostname()).rejects.toMatchObject({ name: 'LibvirtError', codeName: 'rpc' })
    expect(server.calls.at(-1)?.name).toBe('connectGetHostname')
  })

  it('may answer and tell more than was known: what stands behind is left alone', async () => {
    server.handle('connectGetHostname', () => new RawReply(Buffer.from('0000000161000000deadbeef', 'hex')))
    expect(await connection.hostname()).toBe('a')
    const heard: DomainEvent[] = []
    await connection.onDomainEvent((event) => heard.push(event))
    const writer = new XdrWriter()
    events.domainLifecycle.message.write(writer, { callbackID: 1, msg: { dom, event: 2, detail: 0 } })
    writer.string('new in libvirt 20', 100)
    const { program, number: procedure } = events.domainLifecycle
    client().sendFrame({ program, version: 1, procedure, type: 2, serial: 0, status: 0 }, writer.finish())
    await connection.lookupDomain('vm')
    expect(heard.map(({ event }) => event)).toEqual(['started'])
  })
})

describe('a network', () => {
  const net = { name: 'lan', uuid: dom.uuid }
  const update = { command: 'modify', section: 'ip-dhcp-host', xml: '<host/>' } as const

  beforeEach(() => void server.handle('networkLookupByName', () => ({ net })).handle('networkUpdate', () => undefined))

  it('tells its leases', async () => {
    const lease = {
      iface: 'virbr0',
      expirytime: 1_700_000_000,
      type: 1,
      mac: '52:54:00:00:00:01',
      iaid: '7',
      ipaddr: 'fd00::2',
      prefix: 64,
      hostname: undefined,
      clientid: undefined,
    }
    server.handle('networkGetDhcpLeases', () => ({ leases: [lease, { ...lease, type: 9, expirytime: 0 }], ret: 2 }))
    const [first, second] = await (await connection.lookupNetwork('lan')).dhcpLeases({ mac: lease.mac })
    expect(first).toMatchObject({
      interface: 'virbr0',
      expiresMs: 1_700_000_000_000,
      family: 'ipv6',
      address: 'fd00::2',
      prefixLength: 64,
      hostname: undefined,
    })
    expect(second).toMatchObject({ family: 9, expiresMs: 0 })
  })

  it.each([
    [1, { command: 1, section: 4 }],
    [0, { command: 4, section: 1 }],
  ])('is changed in the order that the daemon knows (feature: %i)', async (supported, order) => {
    server.handle('connectSupportsFeature', () => ({ supported }))
    await (await connection.lookupNetwork('lan')).update(update)
    expect(server.calls.at(-1)?.args).toMatchObject({ ...order, parentIndex: -1, xml: '<host/>', flags: 0 })
  })
})

describe('an abort', () => {
  it('rejects at once with the reason, frees the place, and the late answer harms nobody', async () => {
    let answer: () => void = () => undefined
    server.handle('connectGetHostname', () => new Promise((resolve) => (answer = () => resolve({ hostname: 'late' }))))
    const controller = new AbortController()
    const reason = new Error('the user has gone')
    const call = connection.hostname({ signal: controller.signal })
    await server.seen('connectGetHostname')
    controller.abort(reason)
    await expect(call).rejects.toMatchObject({ name: 'AbortError', cause: reason })
    answer()
    server.handle('connectGetHostname', () => ({ hostname: 'right' }))
    expect(await connection.hostname()).toBe('right')
  })

  it('is one signal’s for as many calls as one likes, without a warning of Node’s', async () => {
    const warned = vi.fn()
    process.on('warning', warned)
    server.handle('connectGetHostname', () => ({ hostname: 'here' }))
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 20 }, () => connection.hostname({ signal })))
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  it('before the call sends nothing', async () => {
    const before = server.calls.length
    await expect(connection.hostname({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortedError)
    await connection.lookupDomain('vm')
    expect(server.calls.slice(before).map(({ name }) => name)).toEqual(['domainLookupByName'])
  })

  it('takes a call back that still waits for its turn', async () => {
    server.handle('connectGetHostname', never).handle('connectGetUri', () => ({ uri: 'x' }))
    const controller = new AbortController()
    const stuck = Array.from({ length: 4 }, () => connection.hostname({ signal: controller.signal }))
    const waiting = new AbortController()
    const queued = connection.remoteUri({ signal: waiting.signal })
    await server.seen('connectGetHostname', 4)
    waiting.abort()
    await expect(queued).rejects.toBeInstanceOf(AbortedError)
    controller.abort()
    await Promise.allSettled(stuck)
    expect(await connection.remoteUri()).toBe('x')
    expect(server.calls.filter(({ name }) => name === 'connectGetUri')).toHaveLength(1)
  })

  it('leaves no listener on a signal that is used for many calls', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    for (let index = 0; index < 20; index += 1) await connection.lookupDomain('vm', { signal })
    expect(add).toHaveBeenCalledTimes(20)
    expect(remove).toHaveBeenCalledTimes(20)
  })
})

describe('a connection that breaks', () => {
  it('releases every caller, those under way and those that wait, with the same typed error', async () => {
    server.handle('connectGetHostname', never)
    const calls = Array.from({ length: 9 }, () => connection.hostname())
    await server.seen('connectGetHostname', 4)
    server.breakConnections()
    const outcomes = await Promise.allSettled(calls)
    const reasons = outcomes.map((outcome): unknown => (outcome.status === 'rejected' ? outcome.reason : undefined))
    expect(reasons.every((reason) => reason instanceof ConnectionError && reason.reason === 'lost')).toBe(true)
    expect(await connection.closed).toMatchObject({ reason: 'lost' })
    expect(connection.isOpen).toBe(false)
    await expect(connection.hostname()).rejects.toMatchObject({ reason: 'lost' })
  })

  it('says so where the daemon ends in order', async () => {
    client().end()
    expect(await connection.closed).toMatchObject({ reason: 'lost' })
  })

  it('by our own close releases callers with another reason', async () => {
    server.handle('connectGetHostname', never)
    const call = connection.hostname()
    await server.seen('connectGetHostname')
    await Promise.all([
      connection.close(),
      connection.close(),
      expect(call).rejects.toMatchObject({ reason: 'closed' }),
    ])
    expect(await connection.closed).toBeUndefined()
  })
})

describe('a daemon that speaks nonsense', () => {
  const header = { program: 0x20008086, version: 1, procedure: 59, type: 1, serial: 0, status: 0 }

  it.each([
    ['a length beyond 32 MiB', Buffer.from('ffffffff', 'hex')],
    ['an HTTP answer', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a call', writeHeader(Buffer.alloc(headerBytes), { ...header, type: 0 })],
    ['an event that is cut short', writeHeader(Buffer.alloc(headerBytes), { ...header, type: 2, procedure: 318 })],
  ])('(%s) ends the connection with a typed error for all', async (_title, bytes) => {
    await connection.onDomainEvent(() => undefined)
    server.handle('connectGetHostname', never)
    const call = connection.hostname()
    await server.seen('connectGetHostname')
    client().sendRaw(bytes)
    await expect(call).rejects.toBeInstanceOf(ProtocolError)
    expect(await connection.closed).toBeInstanceOf(ProtocolError)
  })

  it('that answers another procedure is not believed', async () => {
    server.handle('connectGetHostname', (_args, call) => {
      const liar = Buffer.from('000000046c696172', 'hex')
      for (let serial = 1; serial < 10; serial += 1)
        call.connection.sendFrame({ ...header, procedure: 60, serial }, liar)
      return never()
    })
    await expect(connection.hostname()).rejects.toBeInstanceOf(ProtocolError)
    expect(await connection.closed).toBeInstanceOf(ProtocolError)
  })

  it.each([
    ['too short', new RawReply(Buffer.from('00000009', 'hex'))],
    ['of an unknown status', new RawReply(Buffer.alloc(0), 9)],
    ['an error that is cut short', new RawReply(Buffer.from('0000002a', 'hex'), 1)],
  ])('in one answer (%s) fails that call and no other', async (_title, reply) => {
    server.handle('connectGetHostname', () => reply)
    await expect(connection.hostname()).rejects.toBeInstanceOf(ProtocolError)
    expect((await connection.lookupDomain('vm')).name).toBe('vm')
  })

  it('may send events and stream packets that nobody asked for', async () => {
    client().sendFrame({ ...header, type: 2, procedure: 9999 })
    client().sendFrame({ ...header, type: 3, serial: 9999, status: 2 })
    client().sendFrame({ ...header, serial: 9999 })
    expect((await connection.lookupDomain('vm')).name).toBe('vm')
  })
})

describe('keepalive', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  it('answers the daemon', async () => {
    client().ping()
    await connection.lookupDomain('vm')
    expect(client().pongs).toBe(1)
  })

  it('has a bound: a daemon that asks and asks and reads nothing is left', async () => {
    const daemon = client()
    daemon.pause()
    for (let count = 0; count < 5000; count += 1) daemon.ping()
    expect(await connection.closed).toBeInstanceOf(ProtocolError)
    await expect(connection.hostname()).rejects.toThrow('signs of life')
  })

  it('goes on however often a daemon asks that reads the answers', async () => {
    for (let count = 0; count < 500; count += 1) {
      client().ping()
      if (count % 50 === 0) await connection.lookupDomain('vm')
    }
    await connection.lookupDomain('vm')
    expect(client().pongs).toBe(500)
  })

  it('asks on a silent line, and gives up where nothing comes back: all callers are released', async () => {
    const watched = await connect('test:///default', {
      dialer: server.dialer,
      keepalive: { intervalMs: 1000, count: 3 },
    })
    server.isAnsweringPings = false
    server.handle('connectGetHostname', never)
    const call = watched.hostname()
    const outcome = expect(call).rejects.toMatchObject({ reason: 'keepalive-timeout' })
    await server.seen('connectGetHostname')
    vi.advanceTimersByTime(5000)
    await outcome
    expect(await watched.closed).toMatchObject({ reason: 'keepalive-timeout' })
  })

  it('does not give up on a daemon that answers', async () => {
    const watched = await connect('test:///default', {
      dialer: server.dialer,
      keepalive: { intervalMs: 1000, count: 1 },
    })
    for (let round = 0; round < 5; round += 1) {
      vi.advanceTimersByTime(1000)
      await watched.lookupDomain('vm')
    }
    expect(watched.isOpen).toBe(true)
    await watched.close()
  })
})

describe('domain events', () => {
  it('are typed, in order, and keep numbers that have no name', async () => {
    const heard: DomainEvent[] = []
    await connection.onDomainEvent((event) => heard.push(event))
    const numbers = [
      [2, 0],
      [3, 6],
      [5, 77],
      [42, 1],
    ] as const
    for (const [event, detail] of numbers)
      server.emit('domainLifecycle', { callbackID: 1, msg: { dom, event, detail } })
    await connection.lookupDomain('vm')
    expect(heard.map(({ event, detail }) => [event, detail])).toEqual([
      ['started', 'booted'],
      ['suspended', 'api-error'],
      ['stopped', 77],
      [42, 1],
    ])
    expect(heard[0]?.domain).toMatchObject({ name: 'vm', uuid: dom.uuid, id: 3 })
  })

  it('that come in the same breath as the registration are not lost', async () => {
    server.handle('domainEventRegister', (_args, call) => {
      call.connection.sendEvent(events.domainLifecycle, { callbackID: 5, msg: { dom, event: 0, detail: 0 } })
      return { callbackID: 5 }
    })
    const heard: DomainEvent[] = []
    await connection.onDomainEvent((event) => heard.push(event))
    expect(heard).toHaveLength(1)
  })

  it('go on for one listener where another gave up before the daemon had answered', async () => {
    let answer: () => void = () => undefined
    server.handle('domainEventRegister', () => new Promise((resolve) => (answer = () => resolve({ callbackID: 4 }))))
    const controller = new AbortController()
    const heard: string[] = []
    const first = connection.onDomainEvent(() => heard.push('first'), { signal: controller.signal })
    const second = connection.onDomainEvent(() => heard.push('second'))
    await server.seen('domainEventRegister')
    controller.abort()
    await expect(first).rejects.toBeInstanceOf(AbortedError)
    answer()
    await second
    server.emit('domainLifecycle', { callbackID: 4, msg: { dom, event: 0, detail: 0 } })
    await connection.lookupDomain('vm')
    expect(heard).toEqual(['second'])
  })

  it('register once for many listeners, and again after a refusal', async () => {
    server.handle('domainEventRegister', () => {
      throw fault('no-support', 'no events here')
    })
    await expect(connection.onDomainEvent(() => undefined)).rejects.toMatchObject({ codeName: 'no-support' })
    server.handle('domainEventRegister', () => ({ callbackID: 8 }))
    const first = await connection.onDomainEvent(() => undefined)
    const second = await connection.onDomainEvent(() => undefined)
    await first()
    await second()
    const names = server.calls.map(({ name }) => name)
    expect(names.filter((name) => name === 'domainEventRegister')).toHaveLength(2)
    expect(server.calls.at(-1)).toEqual({ name: 'domainEventDeregister', args: { callbackID: 8 } })
  })
})
