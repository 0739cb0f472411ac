/** A real libvirtd for the contract suite, and what a user could do to it with virsh. */
import { randomUUID } from 'node:crypto'
import { connect, isNoDomain, type Connection } from 'libvirt-ts'
import { definition } from '../../providers/kvm/index.ts'
import type { Provider } from '../../src/provider/contract.ts'
import { startLibvirtDaemon, type LibvirtDaemon } from '../support/libvirt-daemon.ts'
import { providerContext } from '../support/test-environment.ts'
import type { ContractHost } from './contract-bench.ts'

export interface KvmHost extends ContractHost {
  readonly daemon: LibvirtDaemon
  /** A connection of the test's own. */
  readonly libvirt: Connection
}

export async function openKvmHost(): Promise<KvmHost> {
  const daemon = await startLibvirtDaemon()
  const libvirt = await connect(daemon.uri)
  // As in one process: locks and what is known of the host are shared by all that is opened.
  const context = providerContext()
  const open = (uri: string): Promise<Provider> => definition.open(uri, context)
  return {
    daemon,
    libvirt,
    open: () => open(daemon.uri),
    openUnready: () => open('qemu+unix:///system?socket=/nonexistent/libvirt-sock'),
    makeForeignMachine: async (name) => {
      const id = randomUUID()
      await libvirt.defineDomain(
        `<domain type='qemu'><name>${name}</name><uuid>${id}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>` +
          `<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
      )
      return { name, id }
    },
    removeForeignMachine: async (ref) => {
      try {
        await (await libvirt.lookupDomainByUuid(ref.id)).undefine({ nvram: true, tpm: true })
      } catch (error) {
        if (!isNoDomain(error)) throw error
      }
    },
    copyByHand: async (ref, name) => {
      const id = randomUUID()
      const xml = await (await libvirt.lookupDomainByUuid(ref.id)).xml({ inactive: true })
      await libvirt.defineDomain(
        xml.replace(/<name>[^<]*<\/name>/, `<name>${name}</name>`).replace(/<uuid>[^<]*<\/uuid>/, `<uuid>${id}</uuid>`),
      )
      return { name, id }
    },
    makeLeftover: async (name, runId) => {
      const pool = await libvirt.lookupPool('azl-vm')
      const volume = `${name}.${runId}.disk0.qcow2`
      await pool.createVolume(`<volume><name>${volume}</name><capacity unit='bytes'>1048576</capacity></volume>`)
      return volume
    },
    inventory: () => inventory(libvirt),
    close: async () => {
      await libvirt.close()
      await daemon.stop()
    },
  }
}

async function inventory(libvirt: Connection): Promise<readonly string[]> {
  const [domains, networks, pools] = await Promise.all([
    libvirt.listDomains(),
    libvirt.listNetworks(),
    libvirt.listPools(),
  ])
  const volumes = await Promise.all(
    pools.map(async (pool) => {
      await pool.refresh()
      return (await pool.listVolumes()).map((volume) => `volume ${pool.name}/${volume.name}`)
    }),
  )
  return [
    ...domains.map(({ name }) => `domain ${name}`),
    // The host's own, as every libvirt has it.
    ...networks.filter(({ name }) => name !== 'default').map(({ name }) => `network ${name}`),
    ...pools.map(({ name }) => `pool ${name}`),
    ...volumes.flat(),
  ].toSorted()
}
