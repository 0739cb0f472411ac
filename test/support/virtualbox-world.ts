/** The world of VirtualBox's end-to-end tests: the real VBoxManage and the stand-in, shared by the users. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { describeIn, ToolWorld, worldFolder, type RunOptions } from './tool-world.ts'
import { missingForVirtualBox } from './virtualbox-manage.ts'
import { playVirtualBox, type PlayedVirtualBox } from './virtualbox-standin.ts'

export class VirtualBoxWorld extends ToolWorld {
  override readonly provider = 'virtualbox'
  override readonly host = 'local'
  override readonly by: RunOptions['by']
  readonly virtualBox: PlayedVirtualBox
  protected override readonly parts = { provider: 'virtualbox' }

  private constructor(virtualBox: PlayedVirtualBox, tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.virtualBox = virtualBox
    this.by = virtualBox.by
  }

  static async begin(): Promise<VirtualBoxWorld> {
    const folder = await worldFolder()
    // A source that does not build starts nothing.
    const tool = await buildTool()
    return new VirtualBoxWorld(await playVirtualBox(), tool, folder)
  }

  override async end(): Promise<void> {
    await this.virtualBox.stop()
    await super.end()
  }

  override get env(): NodeJS.ProcessEnv {
    return this.virtualBox.env
  }

  override async machineNames(): Promise<readonly string[]> {
    const listed = await this.virtualBox.play('list', 'vms')
    return [...listed.matchAll(/^"(.*)" \{/gm)].map(([, name = '']) => name)
  }

  protected override async inventory(): Promise<readonly string[]> {
    const { folder, play } = this.virtualBox
    const files = await readdir(join(folder, 'machines'), { recursive: true }).catch(() => [])
    const disks = await play('list', 'hdds')
    return [
      ...(await this.machineNames()).map((name) => `machine ${name}`),
      ...[...disks.matchAll(/^Location: +(.*)$/gm)].map(([, file = '']) => `disk ${file}`),
      ...files.map((name) => `file ${name}`),
    ].toSorted()
  }
}

export function describeVirtualBoxE2e(title: string, tests: (world: () => VirtualBoxWorld) => void): void {
  describeIn(title, { unavailable: missingForVirtualBox(), begin: () => VirtualBoxWorld.begin() }, tests)
}
