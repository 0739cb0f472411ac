/** The world of a lab: one host with all four hypervisors. */
import { join } from 'node:path'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { missingForLab, startLabHosts, type LabHosts } from './lab-hosts.ts'
import { describeIn, ToolWorld, worldFolder, type RunOptions } from './tool-world.ts'

export class LabWorld extends ToolWorld {
  override readonly provider = 'kvm'
  override readonly host = 'local'
  override readonly env: NodeJS.ProcessEnv
  override readonly by: RunOptions['by']
  protected override readonly parts = {}
  readonly #hosts: LabHosts

  private constructor(hosts: LabHosts, tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.#hosts = hosts
    this.env = hosts.env
    this.by = hosts.by
  }

  static async begin(): Promise<LabWorld> {
    const folder = await worldFolder()
    // A source that does not build starts no host.
    const tool = await buildTool()
    return new LabWorld(await startLabHosts(join(folder, 'home')), tool, folder)
  }

  override async end(): Promise<void> {
    await this.#hosts.stop()
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

const unavailable = await missingForLab()

export function describeLab(title: string, tests: (world: () => LabWorld) => void): void {
  describeIn(title, { unavailable, begin: () => LabWorld.begin() }, tests)
}
