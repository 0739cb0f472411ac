/** The stand-in of VMware for the contract suite, and what its user could do there without azl-vm. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { definition } from '../../providers/vmware/index.ts'
import { VmwareProvider } from '../../providers/vmware/provider.ts'
import { buildRecorder } from '../support/recorder-program.ts'
import { providerContext } from '../support/test-environment.ts'
import { startVmwareStandIn, type VmwareStandIn } from '../support/vmware-stand-in.ts'
import type { ContractHost } from './contract-bench.ts'

export interface VmwareHost extends ContractHost {
  readonly standIn: VmwareStandIn
}

export async function openVmwareHost(): Promise<VmwareHost> {
  const standIn = await startVmwareStandIn()
  await standIn.setKnobs({ canHoldMemory: true })
  const recorder = await buildRecorder()
  const { machines, env, folder } = standIn
  // As in one process: locks and what is known of the host are shared by all that is opened.
  const context = providerContext({ env, recorder: { folder: join(folder, 'recorders'), command: recorder.command } })
  const etc = join(folder, 'etc-vmware')
  const vmxOf = async (id: string): Promise<string> => {
    for (const name of await readdir(machines, { recursive: true }).catch(() => []))
      if (name.endsWith('.vmx') && (await readFile(join(machines, name), 'utf8')).includes(id))
        return join(machines, name)
    throw new Error(`no .vmx with ${id}`)
  }
  return {
    standIn,
    open: async () => new VmwareProvider(context, { etc, devices: standIn.devices }),
    openUnready: () =>
      definition.open('local', providerContext({ env: { PATH: '/nonexistent', HOME: '/nonexistent' } })),
    makeForeignMachine: async (name) => {
      const file = join(machines, name, `${name}.vmx`)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, `.encoding = "UTF-8"\nconfig.version = "8"\ndisplayName = "${name}"\nmemsize = "64"\n`)
      return { name, id: file }
    },
    removeForeignMachine: ({ id }) => rm(dirname(id), { recursive: true, force: true }),
    copyByHand: async ({ id }, name) => {
      const original = await vmxOf(id)
      const file = join(machines, name, `${name}.vmx`)
      await cp(dirname(original), dirname(file), { recursive: true })
      await rm(join(dirname(file), original.slice(dirname(original).length + 1)))
      const text = await readFile(original, 'utf8')
      await writeFile(file, text.replace(/^displayName = .*$/m, `displayName = "${name}"`))
      return { name, id: file }
    },
    makeLeftover: async (_name, runId) => {
      const left = join(machines, `azl-vm-${runId}`)
      await mkdir(left, { recursive: true })
      await writeFile(join(left, 'disk0.vmdk'), '')
      return left
    },
    // As vmnet-dhcpd notes it.
    hearFrom: async (mac) => {
      const leases = join(etc, 'vmnet8', 'dhcpd', 'dhcpd.leases')
      await mkdir(dirname(leases), { recursive: true })
      const ends = new Date(Date.now() + 1_800_000).toISOString().replace('T', ' ').replaceAll('-', '/').slice(0, 19)
      await writeFile(leases, `lease 192.168.64.128 {\n\tends 0 ${ends};\n\thardware ethernet ${mac};\n}\n`)
    },
    inventory: async () => (await readdir(machines, { recursive: true }).catch(() => [])).toSorted(),
    close: async () => {
      await standIn.stop()
      await recorder.remove()
    },
  }
}
