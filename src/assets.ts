/** Files that come with the package and are read at run time: found from this module, in a checkout and in dist. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package.json named azl-vm, above this module. */
export function packageRoot(from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from))
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    // Chunks lie in dist, sources in src; a package.json of another name on the way up is passed by.
    if (existsSync(manifest) && isOurs(manifest)) return folder
    if (dirname(folder) === folder) throw new Error(`azl-vm's own package.json was not found above ${start}`)
  }
}

function isOurs(manifest: string): boolean {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name === 'azl-vm'
}

/** The path of a file or folder that comes with the package, e.g. `assetPath('templates', 'minimal.yaml')`. */
export function assetPath(...parts: readonly string[]): string {
  return join(packageRoot(), ...parts)
}
