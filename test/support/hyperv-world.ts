/** The world of Hyper-V's end-to-end tests: one simulated host with somebody else's machine, shared by the users. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { until } from './e2e-process.ts'
import { hostProcesses, hyperVInventory, simulatedMachines } from './hyperv-inventory.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from './hyperv-simulator.ts'
import { describeIn, ToolWorld, worldFolder } from './tool-world.ts'

export class HyperVWorld extends ToolWorld {
  override readonly provider = 'hyperv'
  override readonly host = 'local'
  override readonly env: NodeJS.ProcessEnv
  /** Where the machines are to be. */
  readonly place: string
  protected override readonly parts: { readonly provider: string; readonly storage: { readonly path: string } }
  readonly #simulator: HyperVSimulator

  private constructor(simulator: HyperVSimulator, tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.#simulator = simulator
    // The libvirt of whoever runs the tests is none of theirs.
    this.env = { ...simulator.env, LIBVIRT_DEFAULT_URI: `qemu+unix:///system?socket=${join(folder, 'no-libvirt')}` }
    this.place = join(simulator.folder, "VMs of O'Groß [2] & $y")
    this.parts = { provider: this.provider, storage: { path: this.place } }
  }

  static async begin(): Promise<HyperVWorld> {
    const folder = await worldFolder()
    // A source that does not build starts no host.
    const tool = await buildTool()
    const world = new HyperVWorld(await startHyperVSimulator(), tool, folder)
    await mkdir(world.place)
    return world
  }

  override async end(): Promise<void> {
    await this.#simulator.stop()
    await super.end()
  }

  override async machineNames(): Promise<readonly string[]> {
    return (await simulatedMachines(this.#simulator)).map(({ name }) => name)
  }

  /** With a digest of each file's content. */
  protected override async inventory(): Promise<readonly string[]> {
    const things = await hyperVInventory(this.#simulator, this.place)
    return await Promise.all(
      things.map(async ({ what, file }) => (file === undefined ? what : `${what} ${sha256(await readFile(file))}`)),
    )
  }

  /**
   * What somebody else has there: a machine whose name is a pattern for ours, with a disk in a folder named as ours are,
   * and a disk that lies loose among the machines' folders.
   */
  async makeForeign(name: string): Promise<void> {
    const folder = join(this.place, 'azl-vm-theirs')
    await mkdir(folder)
    const { exitCode, stderr } = await this.#simulator.run(foreignScript, name, join(folder, 'disk0.vhdx'))
    if (exitCode !== 0) throw new Error(stderr)
    await writeFile(join(this.place, 'disk0.vhdx'), await readFile(join(folder, 'disk0.vhdx')))
  }

  /** Resolves when nothing runs on the host any more: no PowerShell, no recorder, no machine. */
  async allEnded(): Promise<void> {
    let running = ''
    await until(`the end of what runs on the host`, async () => {
      running = (await hostProcesses(this.#simulator)).map(({ command }) => command.join(' ')).join('\n')
      return running === '' ? true : undefined
    }).catch((error: unknown) => {
      throw new Error(`still running:\n${running}`, { cause: error })
    })
  }
}

const foreignScript = String.raw`
$null = Hyper-V\New-VHD -Path $args[1] -SizeBytes 67108864 -Dynamic
$null = Hyper-V\New-VM -Name $args[0] -MemoryStartupBytes 67108864 -Generation 2 -VHDPath $args[1]
`

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

const unavailable = await missingForSimulator()

/** One world per test file, or a reason why there is none. */
export function describeHyperVE2e(title: string, tests: (world: () => HyperVWorld) => void): void {
  describeIn(title, { unavailable, begin: () => HyperVWorld.begin() }, tests)
}
