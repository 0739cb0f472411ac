/** A restore that fails on its way, and marks that others write meanwhile, played by a libvirt that speaks the real protocol. */
import { fault, ScriptedServer } from 'libvirt-ts/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseDomain } from '../../../providers/kvm/domain-config.ts'
import { changeDomain } from '../../../providers/kvm/domain-edit.ts'
import { definition } from '../../../providers/kvm/index.ts'
import { kvmMark, withOwn, type KvmMark } from '../../../providers/kvm/mark-metadata.ts'
import { parseXml } from '../../../providers/kvm/xml-reader.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import type { MachineRef } from '../../../src/provider/machine.ts'
import type { Mark } from '../../../src/provider/mark.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { domainXmlOf, kvmPlan, kvmRequest, runId, uuid } from './kvm-request.ts'

const [running, paused, shutOff] = [1, 3, 5]
const ref: MachineRef = { name: 'azl4', id: uuid }
const takerId = '6f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11'
const restorerId = '7f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11'
const poolPath = '/images/azl-vm'
const memoryVolume = `azl4.${runId}.memory.${takerId}.save`
const newDisk = `${poolPath}/azl4.${runId}.disk0.${restorerId}.qcow2`

/** A libvirt with one machine and one pool. */
class PlayedLibvirt {
  readonly server = new ScriptedServer()
  readonly volumes: Set<string>
  xml: string
  state = running

  constructor(xml: string) {
    this.xml = xml
    const [pool, dom] = [
      { name: 'azl-vm', uuid },
      { name: 'azl4', uuid, id: 1 },
    ]
    const vol = (name: string) => ({ pool: pool.name, name, key: `${poolPath}/${name}` })
    this.volumes = new Set([`azl4.${runId}.disk0.qcow2`, `azl4.${runId}.vars.fd`])
    const added = (volumeXml: string) => {
      const name = parseXml(volumeXml).find('name')?.text ?? ''
      this.volumes.add(name)
      return { vol: vol(name) }
    }
    this.server
      .handle('domainLookupByUuid', () => ({ dom }))
      .handle('domainListAll', () => ({ domains: [dom], ret: 1 }))
      .handle('domainGetXml', () => ({ xml: this.xml }))
      .handle('domainGetState', () => ({ state: this.state, reason: 1 }))
      .handle('domainIsActive', () => ({ active: this.state === shutOff ? 0 : 1 }))
      .handle('domainDefineXml', (asked) => {
        this.xml = asked.xml
        return { dom }
      })
      .handle('domainSetMetadata', ({ metadata }) => {
        this.xml = changeDomain(this.xml, { mark: JSON.parse(parseXml(metadata ?? '').text) as Mark })
      })
      .handle('domainDestroy', () => {
        this.state = shutOff
      })
      .handle('domainResume', () => {
        this.state = running
      })
      .handle('snapshotCreateXml', (asked) => {
        const snapshot = parseXml(asked.xml_desc)
        const paths = snapshot.all('disks', 'disk', 'source').map((source) => source.attribute('file') ?? '')
        for (const path of [...paths, `${poolPath}/${memoryVolume}`]) this.volumes.add(path.slice(poolPath.length + 1))
        this.xml = changeDomain(this.xml, { diskPaths: paths })
        return { snap: { name: 'one', dom } }
      })
      .handle('saveImageGetXml', () => ({ xml: this.xml }))
      .handle('connectGetLibVersion', () => ({ lib_ver: 9_000_000 }))
      .handle('connectGetVersion', () => ({ hv_ver: 7_002_000 }))
      .handle('connectGetHostname', () => ({ hostname: 'node1' }))
      .handle('connectGetDomainCapabilities', () => ({ capabilities: '<domainCapabilities/>' }))
      .handle('domainRestore', () => {
        this.state = paused
      })
      .handle('poolLookupByName', () => ({ pool }))
      .handle('poolListAll', () => ({ pools: [pool], ret: 1 }))
      .handle('poolIsActive', () => ({ active: 1 }))
      .handle('poolRefresh', () => undefined)
      .handle('poolGetXml', () => ({ xml: `<pool><target><path>${poolPath}</path></target></pool>` }))
      .handle('poolListVolumes', () => ({ vols: [...this.volumes].map(vol), ret: this.volumes.size }))
      .handle('volumeLookupByName', ({ name }) => {
        if (!this.volumes.has(name)) throw fault('no-storage-vol', `no volume ${name}`, 'storage')
        return { vol: vol(name) }
      })
      .handle('volumeGetInfo', () => ({ type: 0, capacity: 1, allocation: 1 }))
      .handle('volumeGetXml', () => ({ xml: '<volume/>' }))
      .handle('volumeCreateXml', (asked) => added(asked.xml))
      .handle('volumeCreateXmlFrom', (asked) => added(asked.xml))
      .handle('volumeDelete', (asked) => {
        this.volumes.delete(asked.vol.name)
      })
  }

  get own(): KvmMark {
    return kvmMark(parseDomain(this.xml).mark!)
  }

  get disk(): string | undefined {
    return parseDomain(this.xml).disks[0]?.path
  }

  /** What another verb writes at any moment. */
  write(own: Partial<KvmMark>): void {
    this.xml = changeDomain(this.xml, { mark: withOwn(parseDomain(this.xml).mark!, () => own) })
  }

  /** That libvirt was asked for it. */
  hasSeen(procedure: string): boolean {
    return this.server.calls.some(({ name }) => name === procedure)
  }
}

let libvirt: PlayedLibvirt
let provider: Provider

beforeEach(async () => {
  const planned = domainXmlOf(await kvmPlan({ machine: { networks: [], acceleration: 'emulated' } }))
  libvirt = new PlayedLibvirt(planned)
  provider = await definition.open(await libvirt.server.listen(), providerContext())
})
afterEach(async () => {
  await provider.close()
  await libvirt.server.close()
})

/** Typed: what vitest gives is any. */
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const containing = (text: string): unknown => expect.stringContaining(text)
const take = () =>
  provider.snapshot(ref, { name: 'one', created: kvmRequest().mark.created, runId: takerId }, testCall())
const restore = (call = testCall()) => provider.restore(ref, { name: 'one', runId: restorerId }, call)
const refuse = (procedure: 'domainRestore' | 'domainDefineXml' | 'domainResume' | 'saveImageGetXml') =>
  libvirt.server.handle(procedure, () => {
    throw fault('operation-failed', 'not today', 'qemu')
  })

describe('a restore with memory', () => {
  let before: string

  beforeEach(async () => {
    await take()
    before = libvirt.xml
  })

  test('goes on, and nothing is left to be read', async () => {
    expect(await restore()).toEqual({ state: 'running', outputs: {} })
    expect(libvirt.own).toMatchObject({ currentSnapshot: 'one', unreadMemory: undefined })
  })

  test('that QEMU refuses says that the machine is off with the disks of the snapshot, and what to do', async () => {
    refuse('domainRestore')
    await expect(restore()).rejects.toMatchObject({
      code: 'backend-failed',
      message: matching(/not today.*; "azl4" is off, with the disks of the snapshot "one" and without its memory$/),
      hint: matching(/`azl-vm snapshot restore azl4 one` again.*`azl-vm start azl4`.*its disks/),
      cause: { codeName: 'operation-failed' },
    })
    expect(libvirt.disk).toBe(newDisk)
  })

  test('whose disks cannot be defined says that the machine is off with its disks as they were', async () => {
    refuse('domainDefineXml')
    await expect(restore()).rejects.toMatchObject({
      message: matching(/not today.*; "azl4" is off, with its disks as they were$/),
      hint: containing('`azl-vm start azl4`'),
      cause: { codeName: 'operation-failed' },
    })
    expect(libvirt.xml).toBe(before)
  })

  test('whose definition took effect and whose answer was lost says what is true', async () => {
    libvirt.server.handle('domainDefineXml', ({ xml }) => {
      libvirt.xml = xml
      libvirt.server.breakConnections()
      return { dom: { name: 'azl4', uuid, id: -1 } }
    })
    await expect(restore()).rejects.toMatchObject({
      message: containing('is off, with the disks of the snapshot "one" and without its memory'),
    })
  })

  test('that is interrupted when the machine is off already says so, and stays an interruption', async () => {
    const controller = new AbortController()
    libvirt.server.handle('domainDestroy', () => {
      libvirt.state = shutOff
      controller.abort()
    })
    await expect(restore(testCall(controller.signal))).rejects.toMatchObject({
      code: 'cancelled',
      message: containing('"azl4" is off, with its disks as they were'),
    })
  })

  test('after which libvirt does not answer does not say what it does not know', async () => {
    libvirt.server.handle('domainDefineXml', async () => {
      await libvirt.server.close()
      return { dom: { name: 'azl4', uuid, id: -1 } }
    })
    await expect(restore()).rejects.toMatchObject({
      message: matching(/may be off by now, with its disks as they were or with those of the snapshot "one"/),
      hint: containing('`azl-vm status azl4`'),
    })
  })

  test('that got to the memory and no further says that the machine is paused', async () => {
    refuse('domainResume')
    await expect(restore()).rejects.toMatchObject({
      message: matching(/; "azl4" is paused, with the disks and the memory of the snapshot "one"$/),
    })
    expect(libvirt.own.unreadMemory).toBeUndefined()
  })

  test.each([
    ['is gone', () => libvirt.volumes.delete(memoryVolume)],
    ['cannot be read', () => refuse('saveImageGetXml')],
    [
      'needs what the host does not have any more',
      () =>
        libvirt.server.handle('connectGetDomainCapabilities', () => {
          throw fault('invalid-arg', "the machine 'q35' is not supported by emulator", 'qemu')
        }),
    ],
  ])('whose memory %s leaves the machine running, and makes nothing', async (_, spoil) => {
    spoil()
    const volumes = new Set(libvirt.volumes)
    await expect(restore()).rejects.toMatchObject({ code: 'backend-failed' })
    expect(libvirt.state).toBe(running)
    expect(libvirt.hasSeen('domainDestroy')).toBe(false)
    expect(libvirt.xml).toBe(before)
    expect(libvirt.volumes).toEqual(volumes)
  })

  test('that did not get to its memory is told by the next start, once', async () => {
    refuse('domainRestore')
    await expect(restore()).rejects.toThrow()
    libvirt.server.handle('domainCreate', () => {
      libvirt.state = paused
      return { dom: { name: 'azl4', uuid, id: 2 } }
    })
    const starts = [testCall(), testCall()] as const
    await provider.start(ref, starts[0])
    expect(starts[0].warnings).toEqual([matching(/^memory-not-restored: "azl4" begins from the disks/)])
    libvirt.state = shutOff
    await provider.start(ref, starts[1])
    expect(starts[1].warnings).toEqual([])
  })
})

describe('what another verb writes into the mark meanwhile stays', () => {
  test('while the memory is held', async () => {
    const hold = libvirt.server.handlerOf('snapshotCreateXml')!
    libvirt.server.handle('snapshotCreateXml', async (asked, scripted) => {
      libvirt.write({ logBytesAtStart: 77 })
      return (await hold(asked as never, scripted)) as never
    })
    await take()
    expect(libvirt.own).toMatchObject({ logBytesAtStart: 77, currentSnapshot: 'one', snapshots: [{ name: 'one' }] })
  })

  test('while a snapshot is deleted', async () => {
    await take()
    const [one] = libvirt.own.snapshots
    libvirt.server.handle('poolRefresh', () => {
      if (libvirt.own.logBytesAtStart === 77) return
      libvirt.write({ logBytesAtStart: 77, snapshots: [one!, { ...one!, name: 'two', parent: 'one' }] })
    })
    await provider.deleteSnapshot(ref, 'one', testCall())
    expect(libvirt.own.logBytesAtStart).toBe(77)
    expect(libvirt.own.snapshots.map(({ name, parent }) => [name, parent])).toEqual([['two', undefined]])
  })
})
