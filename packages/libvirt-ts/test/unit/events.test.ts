import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AbortedError, connect } from '../../src/index.ts'
import type { Connection, EventKind, LibvirtEvents } from '../../src/index.ts'
import { ScriptedServer } from '../../src/testing/index.ts'

const dom = { name: 'vm', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 }
const net = { name: 'lan', uuid: dom.uuid }
const pool = { name: 'images', uuid: dom.uuid }

let server: ScriptedServer
let connection: Connection

beforeEach(async () => {
  server = new ScriptedServer()
  server.handle('networkEventRegister', () => ({ callbackID: 1 })).handle('networkEventDeregister', () => undefined)
  server.handle('poolEventRegister', () => ({ callbackID: 1 })).handle('poolEventDeregister', () => undefined)
  connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
})

afterEach(() => connection.close())

const address = { family: 1, node: '::1', service: '5900' }

interface Sample<K extends EventKind> {
  readonly kind: K
  readonly emit: () => void
  readonly expected: Omit<LibvirtEvents[K], 'domain' | 'network' | 'pool'>
}

const sample = <K extends EventKind>(
  kind: K,
  emit: () => void,
  expected: Sample<K>['expected'],
): Sample<EventKind> => ({
  kind,
  emit,
  expected,
})

const callbackID = 1

const samples: readonly Sample<EventKind>[] = [
  sample('domain-reboot', () => server.emit('domainReboot', { callbackID, msg: { dom } }), {}),
  sample('domain-rtc-change', () => server.emit('domainRtcChange', { callbackID, msg: { dom, offset: -3600 } }), {
    offsetMs: -3_600_000,
  }),
  sample('domain-watchdog', () => server.emit('domainWatchdog', { callbackID, msg: { dom, action: 2 } }), {
    action: 'reset',
  }),
  sample(
    'domain-io-error',
    () =>
      server.emit('domainIoErrorReason', {
        callbackID,
        msg: { dom, srcPath: '/a', devAlias: 'sata0', action: 9, reason: 'enospc' },
      }),
    { device: 'sata0', path: '/a', action: 9, reason: 'enospc' },
  ),
  sample(
    'domain-graphics',
    () =>
      server.emit('domainGraphics', {
        callbackID,
        msg: {
          dom,
          phase: 0,
          local: address,
          remote: address,
          authScheme: 'none',
          subject: [{ type: 'x509dname', name: 'CN=me' }],
        },
      }),
    {
      phase: 'connect',
      local: { ...address, family: 'ipv6' },
      remote: { ...address, family: 'ipv6' },
      authScheme: 'none',
      subject: [{ type: 'x509dname', name: 'CN=me' }],
    },
  ),
  sample('domain-control-error', () => server.emit('domainControlError', { callbackID, msg: { dom } }), {}),
  sample(
    'domain-block-job',
    () => server.emit('domainBlockJob2', { callbackID, dom, dst: 'vda', type: 4, status: 3 }),
    {
      disk: 'vda',
      type: 'active-commit',
      status: 'ready',
    },
  ),
  sample(
    'domain-disk-change',
    () =>
      server.emit('domainDiskChange', {
        callbackID,
        msg: { dom, oldSrcPath: '/old', newSrcPath: undefined, devAlias: 'ide0', reason: 1 },
      }),
    { device: 'ide0', oldPath: '/old', newPath: undefined, reason: 'drop-missing-on-start' },
  ),
  sample(
    'domain-tray-change',
    () => server.emit('domainTrayChange', { callbackID, msg: { dom, devAlias: 'ide0', reason: 0 } }),
    { device: 'ide0', reason: 'open' },
  ),
  sample('domain-pm-wakeup', () => server.emit('domainPmwakeup', { callbackID, reason: 0, msg: { dom } }), {}),
  sample('domain-pm-suspend', () => server.emit('domainPmsuspend', { callbackID, reason: 0, msg: { dom } }), {}),
  sample(
    'domain-pm-suspend-disk',
    () => server.emit('domainPmsuspendDisk', { callbackID, reason: 0, msg: { dom } }),
    {},
  ),
  sample(
    'domain-balloon-change',
    () => server.emit('domainBalloonChange', { callbackID, msg: { dom, actual: 1024 } }),
    {
      memoryBytes: 1 << 20,
    },
  ),
  sample('domain-device-added', () => server.emit('domainDeviceAdded', { callbackID, dom, devAlias: 'net1' }), {
    device: 'net1',
  }),
  sample(
    'domain-device-removed',
    () => server.emit('domainDeviceRemoved', { callbackID, msg: { dom, devAlias: 'net1' } }),
    { device: 'net1' },
  ),
  sample(
    'domain-device-removal-failed',
    () => server.emit('domainDeviceRemovalFailed', { callbackID, dom, devAlias: 'net1' }),
    { device: 'net1' },
  ),
  sample(
    'domain-tunable',
    () =>
      server.emit('domainTunable', {
        callbackID,
        dom,
        params: [
          { field: 'shares', value: { kind: 'VIR_TYPED_PARAM_ULLONG', value: 2 ** 40 } },
          { field: 'ratio', value: { kind: 'VIR_TYPED_PARAM_DOUBLE', value: 0.5 } },
          { field: 'disk', value: { kind: 'VIR_TYPED_PARAM_STRING', value: 'vda' } },
          { field: 'change', value: { kind: 'VIR_TYPED_PARAM_LLONG', value: -7 } },
        ],
      }),
    { parameters: { shares: 2 ** 40, ratio: 0.5, disk: 'vda', change: -7 } },
  ),
  sample(
    'domain-agent-lifecycle',
    () => server.emit('domainAgentLifecycle', { callbackID, dom, state: 1, reason: 2 }),
    { state: 'connected', reason: 'channel' },
  ),
  sample(
    'domain-migration-iteration',
    () => server.emit('domainMigrationIteration', { callbackID, dom, iteration: 5 }),
    { iteration: 5 },
  ),
  sample(
    'domain-job-completed',
    () =>
      server.emit('domainJobCompleted', {
        callbackID,
        dom,
        params: [{ field: 'operation', value: { kind: 'VIR_TYPED_PARAM_INT', value: 3 } }],
      }),
    { parameters: { operation: 3 } },
  ),
  sample(
    'domain-metadata-change',
    () => server.emit('domainMetadataChange', { callbackID, dom, type: 2, nsuri: 'urn:a' }),
    { type: 'element', uri: 'urn:a' },
  ),
  sample(
    'domain-block-threshold',
    () =>
      server.emit('domainBlockThreshold', { callbackID, dom, dev: 'vda', path: undefined, threshold: 10, excess: 1 }),
    { device: 'vda', path: undefined, thresholdBytes: 10, excessBytes: 1 },
  ),
  sample(
    'domain-memory-failure',
    () => server.emit('domainMemoryFailure', { callbackID, dom, recipient: 1, action: 1, flags: 2 }),
    { recipient: 'guest', action: 'inject', isActionRequired: false, isRecursive: true },
  ),
  sample(
    'domain-memory-device-size-change',
    () => server.emit('domainMemoryDeviceSizeChange', { callbackID, dom, alias: 'virtiomem0', size: 2048 }),
    { device: 'virtiomem0', sizeBytes: 2 << 20 },
  ),
  sample('network-lifecycle', () => server.emit('networkLifecycle', { callbackID, net, event: 2, detail: 0 }), {
    event: 'started',
  }),
  sample('pool-lifecycle', () => server.emit('poolLifecycle', { callbackID, pool, event: 99, detail: 0 }), {
    event: 99,
  }),
  sample('pool-refresh', () => server.emit('poolRefresh', { callbackID, pool }), {}),
]

describe('events', () => {
  it.each(samples)('of $kind say what is in the message', async ({ kind, emit, expected }) => {
    const heard = await connection.events(kind)
    emit()
    const { value } = await heard.next()
    expect(value).toMatchObject(expected)
    const [about] = Object.values(value as object) as [{ name: string; uuid: string }]
    expect(['vm', 'lan', 'images']).toContain(about.name)
    await heard.return?.()
    expect(server.calls.at(-1)?.name).toMatch(/EventDeregister$/)
  })

  it('wait for their loop, in order, and a loop that is left listens no more', async () => {
    const heard = await connection.events('domain-lifecycle')
    for (const event of [0, 2, 5, 1]) server.emit('domainLifecycle', { callbackID, msg: { dom, event, detail: 0 } })
    const names: (string | number)[] = []
    for await (const { event } of heard) {
      names.push(event)
      if (event === 'stopped') break
    }
    expect(names).toEqual(['defined', 'started', 'stopped'])
    expect(server.calls.at(-1)?.name).toBe('domainEventDeregister')
    expect((await heard.next()).done).toBe(true)
  })

  it('end their loop with the connection: in silence at our close, with its error where it broke', async () => {
    const quiet = await connection.events('domain-reboot')
    const waiting = quiet.next()
    await connection.close()
    expect((await waiting).done).toBe(true)
    connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
    const loud = await connection.events('domain-reboot')
    const next = loud.next()
    server.breakConnections()
    await expect(next).rejects.toMatchObject({ reason: 'lost' })
  })

  it('end their loop where the signal says so, also one that waits', async () => {
    const controller = new AbortController()
    const heard = await connection.events('network-lifecycle', { signal: controller.signal })
    const next = heard.next()
    controller.abort()
    await expect(next).rejects.toBeInstanceOf(AbortedError)
    expect(server.calls.at(-1)?.name).toBe('networkEventDeregister')
  })

  it('of one kind are not mixed with those of another', async () => {
    const reboots = await connection.events('domain-reboot')
    const networks: string[] = []
    await connection.subscribe('network-lifecycle', ({ network }) => networks.push(network.name))
    server.emit('networkLifecycle', { callbackID, net, event: 3, detail: 0 })
    server.emit('domainReboot', { callbackID, msg: { dom } })
    expect((await reboots.next()).value).toMatchObject({ domain: { name: 'vm' } })
    expect(networks).toEqual(['lan'])
  })
})
