/** A host with all four hypervisors: a libvirtd, the Hyper-V simulator, the real VBoxManage and VMware's tools. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { missingForSimulator, startHyperVSimulator } from './hyperv-simulator.ts'
import { libvirtUnavailable, startLibvirtDaemon } from './libvirt-daemon.ts'
import { describeIn, ToolWorld, worldFolder, type RunOptions } from './tool-world.ts'
import { missingForVirtualBox } from './virtualbox-manage.ts'
import { playVirtualBox } from './virtualbox-standin.ts'
import { missingForVmware, startVmwareStandIn } from './vmware-stand-in.ts'

interface Host {
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

export class LabWorld extends ToolWorld {
  override readonly provider = 'kvm'
  override readonly host = 'local'
  override readonly env: NodeJS.ProcessEnv
  override readonly by: RunOptions['by']
  protected override readonly parts = {}
  readonly #hosts: readonly Host[]

  private constructor(hosts: readonly Host[], by: RunOptions['by'], tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.#hosts = hosts
    const paths = hosts.flatMap(({ env }) => (env['PATH'] ?? '').split(':'))
    const env = Object.fromEntries(hosts.flatMap((host) => Object.entries(host.env)))
    this.env = { ...env, PATH: [...new Set(paths)].join(':') }
    this.by = by
  }

  static async begin(): Promise<LabWorld> {
    const folder = await worldFolder()
    // A source that does not build starts no host.
    const tool = await buildTool()
    const [daemon, hyperV, virtualBox, vmware] = await Promise.all([
      startLibvirtDaemon(),
      startHyperVSimulator(),
      playVirtualBox(),
      startVmwareStandIn(),
    ])
    const { AZL_VMWARE_SIM, PATH } = vmware.env
    const home = join(folder, 'home')
    await mkdir(home)
    const hosts = [
      virtualBox,
      { env: { PATH, AZL_VMWARE_SIM }, stop: () => vmware.stop() },
      { env: hyperV.env, stop: () => hyperV.stop() },
      { env: { LIBVIRT_DEFAULT_URI: daemon.uri, HOME: home }, stop: () => daemon.stop() },
    ]
    return new LabWorld(hosts, virtualBox.by, tool, folder)
  }

  override async end(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()))
    await super.end()
  }

  // What is left on each is for the worlds of one hypervisor to see.
  override machineNames(): Promise<readonly string[]> {
    return Promise.resolve([])
  }

  protected override inventory(): Promise<readonly string[]> {
    return Promise.resolve([])
  }
}

const unavailable =
  libvirtUnavailable() ?? (await missingForSimulator()) ?? missingForVirtualBox() ?? (await missingForVmware())

export function describeLab(title: string, tests: (world: () => LabWorld) => void): void {
  describeIn(title, { unavailable, begin: () => LabWorld.begin() }, tests)
}
