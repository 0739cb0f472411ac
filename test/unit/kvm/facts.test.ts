/** What a libvirt offers while other machines come and go, and where it cannot be asked. */
import { fault, ScriptedServer } from 'libvirt-ts/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { definition } from '../../../providers/kvm/index.ts'
import { readBridges } from '../../../providers/kvm/host-checks.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { nativeOf } from '../../../providers/kvm/facts.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'

test('the bridges of a computer are those that Linux shows as such, up or not', async () => {
  const root = await temporaryFolder({
    'sys/class/net/br0/bridge/stp_state': '0',
    'sys/class/net/br0/flags': '0x1003\n',
    'sys/class/net/br1/bridge/stp_state': '0',
    'sys/class/net/br1/flags': '0x1002\n',
    'sys/class/net/eth0/flags': '0x1003\n',
  })
  expect(await readBridges(`${root}/`)).toEqual([
    { name: 'br0', isUp: true },
    { name: 'br1', isUp: false },
  ])
  expect(await readBridges(`${root}/elsewhere/`)).toEqual([])
})

const idOf = (name: string) => ({
  name,
  uuid: `0f6e2d4c-8b1a-4c3e-9f70-1234567890${String(name.length).padStart(2, '0')}`,
})
const capabilities = '<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path></domainCapabilities>'

describe('the facts of a libvirt', () => {
  let server: ScriptedServer
  let provider: Provider

  beforeEach(async () => {
    server = new ScriptedServer()
      .handle('connectGetLibVersion', () => ({ lib_ver: 9_000_000 }))
      .handle('connectGetVersion', () => ({ hv_ver: 7_002_000 }))
      .handle('connectGetDomainCapabilities', () => ({ capabilities }))
      .handle('nodeGetInfo', () => ({
        model: 'x86_64',
        memory: 1,
        cpus: 1,
        mhz: 1,
        nodes: 1,
        sockets: 1,
        cores: 1,
        threads: 1,
      }))
      .handle('poolListAll', () => ({ pools: [idOf('azl-vm'), idOf('azl-vm-1f0e9d2c')], ret: 2 }))
      .handle('poolGetXml', ({ pool }) => {
        if (pool.name !== 'azl-vm') throw fault('no-storage-pool', 'gone', 'storage')
        return { xml: '<pool><target><path>/images/azl-vm</path></target></pool>' }
      })
      .handle('networkListAll', () => ({ nets: [idOf('default'), idOf('passing')], ret: 2 }))
      .handle('networkIsActive', () => ({ active: 1 }))
      .handle('networkGetXml', ({ net }) => {
        if (net.name !== 'default') throw fault('no-network', 'gone', 'network')
        return { xml: '<network><forward/></network>' }
      })
    provider = await definition.open(await server.listen(), providerContext())
  })
  afterEach(async () => {
    await provider.close()
    await server.close()
  })

  test('pass over a pool and a network that go away while they are read', async () => {
    const native = nativeOf(await provider.facts(testCall()))
    expect(native.pools).toEqual([{ name: 'azl-vm', path: '/images/azl-vm' }])
    expect(native.networks).toMatchObject([{ name: 'default', forward: 'nat' }])
  })

  test('say that there is no QEMU where libvirt says so', async () => {
    server.handle('connectGetDomainCapabilities', () => {
      throw fault('invalid-arg', 'unable to find any emulator to serve x86_64 architecture', 'qemu')
    })
    const { findings } = await provider.facts(testCall())
    expect(findings).toContainEqual(expect.objectContaining({ code: 'qemu-missing' }))
  })

  test('do not take missing rights for a missing QEMU', async () => {
    server.handle('connectGetDomainCapabilities', () => {
      throw fault('access-denied', 'access denied', 'qemu')
    })
    await expect(provider.facts(testCall())).rejects.toMatchObject({ code: 'permission-denied' })
  })
})
