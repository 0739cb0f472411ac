/** What the contract says of machines whose system has a serial port of its own, on one boot of the probe. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { guestCapabilities, type Architecture, type ConsolePort } from '../../src/provider/capabilities.ts'
import type { ConsoleHandle } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { testCall } from '../support/test-environment.ts'
import { listener, textOf, type Bench, type Listener } from './contract-bench.ts'

const MiB = 1024 ** 2
const ports = ['firmware', 'system'] as const satisfies readonly ConsolePort[]

export function systemPortTests(bench: () => Bench, architecture: Architecture): void {
  const mac = '52:54:00:12:34:56'
  let isOffered = false
  let request: MachineRequest
  const heard = { firmware: listener(), system: listener() } satisfies Record<ConsolePort, Listener>
  const consoles = new Map<ConsolePort, ConsoleHandle>()

  beforeAll(async () => {
    const { capabilities } = bench().facts
    isOffered = capabilities.architectures.includes(architecture)
    if (!isOffered) return
    const { tpm } = guestCapabilities(capabilities, architecture)
    request = await bench().make(
      'two-ports',
      `arch: ${architecture}`,
      `machine: { cpus: 2, memory: 256MiB, disks: [{ size: 64MiB }], networks: [{ mac: '${mac}' }], firmware: { tpm: ${String(tpm)} } }`,
    )
    for (const port of ports) {
      const { onData } = heard[port]
      consoles.set(port, await bench().provider.openConsole(request.ref, { port, onData }, testCall()))
    }
    await bench().provider.start(request.ref, testCall())
    for (const port of ports)
      await heard[port].until(`the closing line of the probe on the port ${port}`, () =>
        ['complete', 'damaged'].includes(heard[port].reader.state),
      )
  })
  afterAll(async () => {
    for (const console of consoles.values()) await console.close()
    if (isOffered) await bench().destroy(request.ref)
  })
  beforeEach(({ skip }) => {
    skip(!isOffered, `this host runs no ${architecture} guests`)
  })

  test('both consoles hear the guest from the first byte: the firmware on its port, the whole report on each', () => {
    for (const port of ports) {
      expect(heard[port].reader.problem, port).toBeUndefined()
      expect(heard[port].reader.state, port).toBe('complete')
      expect(heard[port].reader.report?.droppedBytes).toBe(0)
    }
    expect(heard.firmware.text.indexOf('BdsDxe: ')).toBeGreaterThanOrEqual(0)
    expect(heard.firmware.text.indexOf('BdsDxe: ')).toBeLessThan(heard.firmware.text.indexOf('"azl":"probe"'))
    expect(heard.system.text.trimStart()).toMatch(/^\{"azl":"probe","v":1,"seq":0,/)
    expect(heard.system.text).not.toContain('BdsDxe')
    expect(heard.system.reader.report).toEqual(heard.firmware.reader.report)
  })

  test('the guest sees the machine of the spec, and inspecting says the same', async () => {
    const report = heard.system.reader.report!
    expect(guestCapabilities(bench().facts.capabilities, architecture).systemPort).toBe(true)
    expect(report).toMatchObject({ arch: architecture, processors: 2, memoryBytes: 256 * MiB })
    expect(report.systemPort).not.toBeNull()
    expect(report.system?.uuid).toBe(request.ref.id)
    expect(report.disks.map((disk) => disk.sizeBytes)).toEqual([64 * MiB])
    expect(report.opticalDrives.map(({ isMediaPresent, isBooted }) => [isMediaPresent, isBooted])).toEqual([
      [true, true],
      [false, false],
    ])
    expect(report.nics.map((nic) => nic.mac)).toEqual([mac])
    expect(report.tpm.isPresent).toBe(request.spec.machine.firmware.tpm)
    expect(await bench().inspect(request.ref)).toMatchObject({
      state: 'running',
      architecture,
      hasSystemPort: true,
      cpus: 2,
      memoryBytes: 256 * MiB,
    })
  })

  test('what was planned is observed as done', async () => {
    for (const operation of bench().making(request))
      expect(await bench().provider.observe(operation, request, testCall()), operation.id).toEqual({ is: 'done' })
  })

  test('each port has a holder of its own: a second one is refused, and force takes that port only', async () => {
    const open = (force: boolean, said: Listener) =>
      bench().provider.openConsole(request.ref, { port: 'system', force, onData: said.onData }, testCall())
    await expect(open(false, listener())).rejects.toMatchObject({ code: 'resource-busy' })
    const before = consoles.get('system')!
    const taker = listener()
    consoles.set('system', await open(true, taker))
    expect(await before.ended).toEqual({ why: 'taken' })
    await consoles.get('firmware')!.write(Buffer.from('ping one\r'))
    await heard.firmware.until('the pong on the firmware’s port', () => heard.firmware.text.includes('"ping one"'))
    await taker.until('the pong on the system’s port', () => taker.text.includes('"ping one"'))
  })

  test('what is typed on the system’s port reaches the guest', async () => {
    await consoles.get('system')!.write(Buffer.from('ping two\r'))
    await heard.firmware.until('the second pong', () => heard.firmware.text.includes('"ping two"'))
  })

  test('each port has a log of its own, to be read and to be followed', async () => {
    for (const port of ports) {
      const log = await textOf(bench().provider.readLog(request.ref, port, testCall()))
      expect(log.startsWith(heard[port].text), port).toBe(true)
      expect(log.includes('BdsDxe'), port).toBe(port === 'firmware')
    }
    const stop = new AbortController()
    let text = ''
    const following = (async () => {
      const log = bench().provider.followLog(request.ref, 'system', 'last-start', testCall(stop.signal))
      for await (const bytes of log) {
        const isFirst = text === ''
        text += Buffer.from(bytes).toString('latin1')
        if (isFirst) await consoles.get('firmware')!.write(Buffer.from('ping three\r'))
        if (text.includes('"ping three"')) stop.abort()
      }
    })()
    await expect(following).rejects.toMatchObject({ code: 'cancelled' })
    expect(text.startsWith(heard.system.text)).toBe(true)
  })

  test('the screen is a PNG', async () => {
    const image = Buffer.from(await bench().provider.screenshot(request.ref, testCall()))
    expect(image.subarray(0, 8).toString('latin1')).toBe('\u0089PNG\r\n\u001a\n')
  })

  test('switched off, both consoles end; destroyed, nothing of it is left', async () => {
    const { provider, host } = bench()
    await provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
    for (const console of consoles.values()) expect(await console.ended).toEqual({ why: 'machine-off' })
    await bench().destroy(request.ref)
    expect(await host.inventory()).toEqual([])
  })
}
