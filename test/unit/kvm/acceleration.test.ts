/** KVM that is offered and does not run guests, played by a libvirt that speaks the real protocol. */
import { fault, ScriptedServer, type ScriptedStream } from 'libvirt-ts/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { definition } from '../../../providers/kvm/index.ts'
import { parseDomain } from '../../../providers/kvm/domain-config.ts'
import type { Provider, ProviderContext } from '../../../src/provider/contract.ts'
import type { MachineRef } from '../../../src/provider/machine.ts'
import { AzlVmError } from '../../../src/errors.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { domainXmlOf, kvmPlan, kvmRequest, uuid } from './kvm-request.ts'

/** What becomes of a guest that is run by KVM. */
type Fate = 'speaks' | 'refused' | 'suspended' | 'stopped' | 'silent' | 'no medium' | 'taken'

const eventNumbers = { suspended: 3, resumed: 4, stopped: 5 } as const
const [running, paused, shuttingDown, shutOff, crashed, asleep] = [1, 3, 4, 5, 6, 7]

/** A libvirt with one machine. */
class PlayedLibvirt {
  readonly server = new ScriptedServer()
  /** Domain types in the order in which they were started. */
  readonly started: string[] = []
  kvmFate: Fate = 'speaks'
  emulationFails = false
  /** What somebody else has made of the machine when it is to be started. */
  stateOfOthers = running
  consoleIsHeld = false
  version = 9_000_000
  xml = ''
  state = shutOff
  #stream: ScriptedStream | undefined

  constructor() {
    const dom = { name: 'azl4', uuid, id: -1 }
    this.server
      .handle('domainLookupByUuid', () => ({ dom }))
      .handle('domainGetXml', () => ({ xml: this.xml }))
      .handle('domainGetState', () => ({ state: this.state, reason: 1 }))
      .handle('domainIsActive', () => ({ active: this.state === shutOff ? 0 : 1 }))
      .handle('connectGetLibVersion', () => ({ lib_ver: this.version }))
      .handle('connectGetVersion', () => ({ hv_ver: 7_002_000 }))
      .handle('connectGetHostname', () => ({ hostname: 'node1' }))
      .handle('poolLookupByName', () => {
        throw fault('no-storage-pool', 'no storage pool with matching name', 'storage')
      })
      .handle('domainDefineXml', ({ xml }) => {
        this.xml = xml
        return { dom }
      })
      .handle('domainCreate', () => {
        this.started.push(this.type)
        if (this.type === 'kvm' && this.kvmFate === 'refused')
          throw fault('internal-error', 'failed to initialize kvm: Permission denied', 'qemu')
        if (this.kvmFate === 'no medium')
          throw fault('system-error', "Cannot access storage file '/media/boot-probe.iso'", 'storage')
        if (this.kvmFate === 'taken') {
          this.state = this.stateOfOthers
          throw fault('operation-invalid', 'domain is already running', 'qemu')
        }
        if (this.type === 'qemu' && this.emulationFails) throw fault('internal-error', 'no space for NVRAM', 'qemu')
        this.state = paused
        // libvirt tells of the pause that was asked for, too.
        this.#tell('suspended', 0)
        return { dom: { ...dom, id: 1 } }
      })
      .handle('domainOpenConsole', (_, { stream }) => {
        if (this.consoleIsHeld) throw fault('operation-failed', 'Active console session exists', 'qemu')
        this.#stream = stream
      })
      .handle('domainResume', () => {
        this.state = running
        this.#tell('resumed', 0)
        this.#live()
      })
      .handle('domainDestroy', () => {
        if (this.state === shutOff) throw fault('operation-invalid', 'domain is not running', 'qemu')
        this.state = shutOff
        this.#stream?.end()
      })
  }

  get type(): string {
    return parseDomain(this.xml).domainType
  }

  suspend(): void {
    this.state = paused
    this.#tell('suspended', 2)
  }

  endConsole(): void {
    this.#stream?.end()
  }

  #live(): void {
    const fate = this.type === 'qemu' ? 'speaks' : this.kvmFate
    if (fate === 'speaks') this.#stream?.send(Buffer.from('BdsDxe: loading Boot0001\r\n'))
    if (fate === 'suspended') this.suspend()
    if (fate === 'stopped') {
      this.state = shutOff
      this.#tell('stopped', 5)
    }
  }

  #tell(event: keyof typeof eventNumbers, detail: number): void {
    const dom = { name: 'azl4', uuid, id: 1 }
    this.server.emit('domainLifecycle', { callbackID: 1, msg: { dom, event: eventNumbers[event], detail } })
  }
}

describe('a start on a libvirt that offers KVM', () => {
  const ref: MachineRef = kvmRequest().ref
  let libvirt: PlayedLibvirt
  let uri: string
  let context: ProviderContext
  let provider: Provider

  beforeEach(async () => {
    libvirt = new PlayedLibvirt()
    uri = await libvirt.server.listen()
    context = providerContext()
    await define('auto')
    provider = await definition.open(uri, context)
  })
  afterEach(async () => {
    await provider.close()
    await libvirt.server.close()
  })

  async function define(acceleration: 'auto' | 'hardware' | 'emulated'): Promise<void> {
    libvirt.xml = domainXmlOf(await kvmPlan({ machine: { acceleration, networks: [] } }))
  }

  interface Heard {
    /** Resolves when the firmware's first line has come. */
    readonly spoken: Promise<void>
    readonly hasEnded: () => boolean
    readonly start: ReturnType<Provider['start']>
  }

  async function listened(call = testCall()): Promise<Heard> {
    let hasEnded = false
    let hear: () => void = () => undefined
    const spoken = new Promise<void>((resolve) => {
      hear = resolve
    })
    const onData = (bytes: Uint8Array): void => {
      if (Buffer.from(bytes).includes('BdsDxe')) hear()
    }
    const handle = await provider.openConsole(ref, { port: 'firmware', onData }, call)
    void handle.ended.then(() => {
      hasEnded = true
    })
    return { spoken, hasEnded: () => hasEnded, start: provider.start(ref, call) }
  }

  test('uses it where the guest’s first serial byte comes', async () => {
    const call = testCall()
    const heard = await listened(call)
    expect(await heard.start).toMatchObject({ acceleration: 'hardware', outputs: { acceleration: 'hardware' } })
    await heard.spoken
    expect(libvirt.started).toEqual(['kvm'])
    expect(call.warnings).toEqual([])
  })

  test('a suspension after the first byte is the guest’s affair: hardware stays', async () => {
    expect(await (await listened()).start).toMatchObject({ acceleration: 'hardware' })
    libvirt.suspend()
    expect(await provider.inspect(ref, testCall())).toMatchObject({ state: 'paused', acceleration: 'hardware' })
    expect(libvirt.started).toEqual(['kvm'])
  })

  test.each(['refused', 'suspended', 'stopped'] as const)(
    'goes on with emulation where the guest is %s before its first byte: same UUID, same mark, one warning',
    async (fate) => {
      libvirt.kvmFate = fate
      const before = parseDomain(libvirt.xml)
      const call = testCall()
      const heard = await listened(call)
      expect(await heard.start).toMatchObject({ acceleration: 'emulated' })
      expect(libvirt.started).toEqual(['kvm', 'qemu'])
      const after = parseDomain(libvirt.xml)
      expect(after).toEqual({ ...before, domainType: 'qemu', acceleration: 'emulated', isNested: after.isNested })
      expect(call.warnings).toHaveLength(1)
      expect(call.warnings[0]).toContain('kvm-does-not-run-guests')
      // The console stays for the second attempt.
      await heard.spoken
      expect(heard.hasEnded()).toBe(false)
    },
  )

  test('the same without anybody at the console: it listens itself until the byte has come', async () => {
    libvirt.kvmFate = 'suspended'
    expect(await provider.start(ref, testCall())).toMatchObject({ acceleration: 'emulated' })
    libvirt.state = shutOff
    libvirt.kvmFate = 'speaks'
    expect(libvirt.started).toEqual(['kvm', 'qemu'])
  })

  test('what was found out is remembered for this boot of the host and this libvirt, and KVM is tried again after', async () => {
    libvirt.kvmFate = 'suspended'
    await provider.start(ref, testCall())
    libvirt.state = shutOff
    await define('auto')
    await provider.start(ref, testCall())
    expect(libvirt.started, 'not tried a second time').toEqual(['kvm', 'qemu', 'qemu'])
    libvirt.state = shutOff
    libvirt.version += 1
    await define('auto')
    libvirt.kvmFate = 'speaks'
    expect(await provider.start(ref, testCall())).toMatchObject({ acceleration: 'hardware' })
    expect(libvirt.started).toEqual(['kvm', 'qemu', 'qemu', 'kvm'])
  })

  test('another boot of the computer forgets it', async () => {
    libvirt.kvmFate = 'suspended'
    await provider.start(ref, testCall())
    libvirt.state = shutOff
    await define('auto')
    const later = await definition.open(uri, { ...context, bootId: 'e'.repeat(32) })
    await later.start(ref, testCall())
    await later.close()
    expect(libvirt.started).toEqual(['kvm', 'qemu', 'kvm', 'qemu'])
  })

  test.each(['refused', 'suspended', 'stopped'] as const)(
    'acceleration: hardware: %s is host-not-ready, with its cause',
    async (fate) => {
      libvirt.kvmFate = fate
      await define('hardware')
      const error: unknown = await provider.start(ref, testCall()).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'host-not-ready', cause: expect.any(AzlVmError) as AzlVmError })
      expect(libvirt.started).toEqual(['kvm'])
      expect(libvirt.state, 'it is not left half started').toBe(shutOff)
      expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
    },
  )

  test('acceleration: emulated never tries KVM and proves nothing', async () => {
    await define('emulated')
    expect(await provider.start(ref, testCall())).toMatchObject({ acceleration: 'emulated' })
    expect(libvirt.started).toEqual(['qemu'])
    expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
  })

  test('an interruption while the first byte is awaited is cancelled, and says nothing about KVM', async () => {
    libvirt.kvmFate = 'silent'
    const abort = new AbortController()
    const starting = provider.start(ref, testCall(abort.signal))
    await libvirt.server.seen('domainResume')
    // Answered after the resume, on the same connection.
    await provider.inspect(ref, testCall())
    abort.abort()
    await expect(starting).rejects.toMatchObject({ code: 'cancelled' })
    expect(libvirt.started).toEqual(['kvm'])
    expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
  })

  test('where emulation fails too, it was not KVM: nothing is remembered', async () => {
    libvirt.kvmFate = 'refused'
    libvirt.emulationFails = true
    await expect(provider.start(ref, testCall())).rejects.toThrow('no space for NVRAM')
    expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
  })

  test('where both fail the machine stays as it was planned, nesting and all', async () => {
    libvirt.kvmFate = 'refused'
    libvirt.emulationFails = true
    const before = parseDomain(libvirt.xml)
    await expect(provider.start(ref, testCall())).rejects.toThrow('no space for NVRAM')
    expect(parseDomain(libvirt.xml)).toEqual(before)
  })

  test('a machine that fell back to emulation is tried with KVM again after an upgrade, without nesting as planned', async () => {
    libvirt.kvmFate = 'suspended'
    const before = parseDomain(libvirt.xml)
    await provider.start(ref, testCall())
    expect(libvirt.type).toBe('qemu')
    libvirt.state = shutOff
    libvirt.version += 1
    libvirt.kvmFate = 'speaks'
    expect(await provider.start(ref, testCall())).toMatchObject({ acceleration: 'hardware' })
    expect(libvirt.started).toEqual(['kvm', 'qemu', 'kvm'])
    expect(parseDomain(libvirt.xml)).toEqual(before)
  })

  test('a missing medium is not KVM’s fault: one try, its own error, nothing remembered', async () => {
    libvirt.kvmFate = 'no medium'
    const error: unknown = await provider.start(ref, testCall()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'backend-failed',
      message: expect.stringContaining('boot-probe.iso') as string,
    })
    expect(libvirt.started).toEqual(['kvm'])
    expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
  })

  test('a console that somebody else holds is not KVM’s fault either; what we started is switched off', async () => {
    libvirt.consoleIsHeld = true
    await expect(provider.start(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect(libvirt.started).toEqual(['kvm'])
    expect(libvirt.state).toBe(shutOff)
  })

  test('somebody else starts it in between: it runs, and is left alone', async () => {
    libvirt.kvmFate = 'taken'
    const xml = libvirt.xml
    expect(await provider.start(ref, testCall())).toMatchObject({ acceleration: 'hardware' })
    expect(libvirt.state).toBe(running)
    libvirt.state = shutOff
    libvirt.stateOfOthers = paused
    await expect(provider.start(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect(libvirt.state, 'not switched off').toBe(paused)
    expect(libvirt.xml).toBe(xml)
  })

  test.each([shuttingDown, crashed, asleep, 42])('libvirt’s state %i is no state to start from', async (state) => {
    libvirt.state = state
    await expect(provider.start(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect(libvirt.started).toEqual([])
    expect(libvirt.state).toBe(state)
  })

  test('a machine that stays silent on KVM runs, with a warning, and proves nothing', async () => {
    libvirt.kvmFate = 'silent'
    const call = testCall()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const starting = provider.start(ref, call)
      await libvirt.server.seen('domainResume')
      await provider.inspect(ref, testCall())
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await starting).toMatchObject({ acceleration: 'hardware' })
    } finally {
      vi.useRealTimers()
    }
    expect(call.warnings).toEqual([expect.stringContaining('no-serial-byte')])
    expect(await context.hostFacts.get('kvm-runs-guests')).toBeUndefined()
  })

  test('a libvirt that dies while the first byte is awaited ends the start', async () => {
    libvirt.kvmFate = 'silent'
    const starting = provider.start(ref, testCall())
    await libvirt.server.seen('domainResume')
    await provider.inspect(ref, testCall())
    for (const connection of libvirt.server.connections) connection.destroy()
    await expect(starting).rejects.toMatchObject({ code: 'backend-failed' })
    expect(libvirt.started).toEqual(['kvm'])
  })

  test('a libvirt that dies while the guest shuts down is not the guest’s fault', async () => {
    libvirt.server.handle('domainShutdown', () => undefined)
    libvirt.state = running
    const stopping = provider.stop(ref, { mode: 'graceful', timeoutMs: 60_000 }, testCall())
    await libvirt.server.seen('domainShutdown')
    for (const connection of libvirt.server.connections) connection.destroy()
    await expect(stopping).rejects.toMatchObject({ code: 'backend-failed' })
  })

  test('a console that waits for the start refuses what is typed, and ends with the provider', async () => {
    const handle = await provider.openConsole(ref, { port: 'system', onData: () => undefined }, testCall())
    await expect(handle.write(Buffer.from('root'))).rejects.toMatchObject({ code: 'resource-busy' })
    await provider.close()
    expect(await handle.ended).toEqual({ why: 'closed' })
  })

  test('a console ends as broken, not as off, where libvirt cannot be asked any more', async () => {
    const call = testCall()
    const handle = await provider.openConsole(ref, { port: 'system', onData: () => undefined }, call)
    await provider.start(ref, call)
    libvirt.server.handle('domainLookupByUuid', () => {
      throw fault('internal-error', 'the daemon is out of its mind', 'rpc')
    })
    libvirt.endConsole()
    expect(await handle.ended).toMatchObject({ why: 'broken', error: { message: 'the daemon is out of its mind' } })
  })
})
