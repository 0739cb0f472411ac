/** The world of VMware's end-to-end tests: the stand-in of its tools, shared by the users. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { describeIn, ToolWorld, worldFolder, type RunOptions } from './tool-world.ts'
import { missingForPlayedVmware, startVmwareStandIn, type VmwareStandIn } from './vmware-stand-in.ts'

export class VmwareWorld extends ToolWorld {
  override readonly provider = 'vmware'
  override readonly host = 'local'
  override readonly by: RunOptions['by']
  readonly standIn: VmwareStandIn
  protected override readonly parts = { provider: 'vmware' }

  private constructor(standIn: VmwareStandIn, tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.standIn = standIn
    this.by = standIn.by
  }

  static async begin(): Promise<VmwareWorld> {
    const folder = await worldFolder()
    // A source that does not build starts no stand-in.
    const tool = await buildTool()
    return new VmwareWorld(await startVmwareStandIn(), tool, folder)
  }

  override async end(): Promise<void> {
    await this.standIn.stop()
    await super.end()
  }

  override get env(): NodeJS.ProcessEnv {
    const { PATH, HOME, AZL_VMWARE_SIM } = this.standIn.env
    return { PATH, HOME, AZL_VMWARE_SIM }
  }

  /** A machine that azl-vm did not make. */
  async makeForeign(name: string): Promise<void> {
    const folder = join(this.standIn.machines, name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${name}.vmx`), `config.version = "8"\ndisplayName = "${name}"\n`)
  }

  override async machineNames(): Promise<readonly string[]> {
    return (await this.inventory())
      .filter((name) => name.endsWith('.vmx'))
      .map((name) => name.replace(/^.*\/|\.vmx$/g, ''))
  }

  protected override async inventory(): Promise<readonly string[]> {
    return (await readdir(this.standIn.machines, { recursive: true }).catch(() => [])).toSorted()
  }
}

export function describeVmwareE2e(title: string, tests: (world: () => VmwareWorld) => void): void {
  const begin = () => VmwareWorld.begin()
  describeIn(title, { unavailable: unavailableHere, begin }, tests)
}

const unavailableHere = await missingForPlayedVmware()
