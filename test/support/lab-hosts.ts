/** All four hypervisors on one host: a libvirtd, the Hyper-V simulator, the real VBoxManage and VMware's tools, played. */
import { mkdir } from 'node:fs/promises'
import { missingForSimulator, startHyperVSimulator } from './hyperv-simulator.ts'
import { libvirtUnavailable, startLibvirtDaemon } from './libvirt-daemon.ts'
import { missingForVirtualBox } from './virtualbox-manage.ts'
import { playVirtualBox } from './virtualbox-standin.ts'
import { missingForVmware, startVmwareStandIn } from './vmware-stand-in.ts'

export interface LabHosts {
  /** What a process needs to find all four. */
  readonly env: NodeJS.ProcessEnv
  /** The program and words by which such a process is run. */
  readonly by: readonly [file: string, ...args: string[]]
  stop(): Promise<void>
}

/** Why they are not all to be had on this machine; undefined where they are. */
export async function missingForLab(): Promise<string | undefined> {
  return libvirtUnavailable() ?? (await missingForSimulator()) ?? missingForVirtualBox() ?? (await missingForVmware())
}

/** `home`: where the processes are at home; made here. */
export async function startLabHosts(home: string): Promise<LabHosts> {
  await mkdir(home)
  const [daemon, hyperV, virtualBox, vmware] = await Promise.all([
    startLibvirtDaemon(),
    startHyperVSimulator(),
    playVirtualBox(),
    startVmwareStandIn(),
  ])
  const { AZL_VMWARE_SIM, PATH } = vmware.env
  const hosts: readonly { readonly env: NodeJS.ProcessEnv; stop(): Promise<void> }[] = [
    virtualBox,
    { env: { PATH, AZL_VMWARE_SIM }, stop: () => vmware.stop() },
    { env: hyperV.env, stop: () => hyperV.stop() },
    { env: { LIBVIRT_DEFAULT_URI: daemon.uri, HOME: home }, stop: () => daemon.stop() },
  ]
  const paths = hosts.flatMap(({ env }) => (env['PATH'] ?? '').split(':'))
  return {
    env: {
      ...Object.fromEntries(hosts.flatMap((host) => Object.entries(host.env))),
      PATH: [...new Set(paths)].join(':'),
    },
    by: [...virtualBox.by, ...vmware.by],
    stop: async () => {
      await Promise.all(hosts.map((host) => host.stop()))
    },
  }
}
