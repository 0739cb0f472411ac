/** Copies the simulator's sources to a folder, with what is made from the fixtures beside them: ready for `dotnet build`. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cmdletsSource, moduleManifest } from './cmdlets-source.ts'
import { loadModuleFixture } from './module-fixture.ts'
import { writeFunctionModules } from './module-functions.ts'
import { typesSource } from './types-source.ts'

/** What dotnet reads; the rest of the folder is the generator and the documentation. */
const copied = [
  'Directory.Build.props',
  'simulator.slnx',
  'errors.json',
  'events.json',
  'defaults.json',
  'simulator',
  'cmdlets',
  'cmdlets-14393',
  'host',
  'framework-check',
]

/** `simulator` is test/simulators/hyperv. */
export async function writeSources(simulator: string, folder: string): Promise<void> {
  const fixture = await loadModuleFixture(simulator)
  for (const name of copied) await cp(join(simulator, name), join(folder, name), { recursive: true })
  await mkdir(join(folder, 'generated'), { recursive: true })
  await writeFile(join(folder, 'generated', 'Types.g.cs'), typesSource(fixture))
  await writeFile(join(folder, 'generated', 'Cmdlets.g.cs'), cmdletsSource(fixture))
  await writeFunctionModules(fixture, join(folder, 'out', 'modules-windows'))
  for (const [modules, project] of [
    ['modules', 'Cmdlets'],
    ['modules-14393', 'Cmdlets14393'],
  ] as const) {
    const module = join(folder, 'out', modules, 'Hyper-V')
    await mkdir(module, { recursive: true })
    const assembly = `..\\..\\${project}\\Microsoft.HyperV.PowerShell.Cmdlets.dll`
    await writeFile(join(module, 'Hyper-V.psd1'), moduleManifest(fixture, assembly))
  }
}
