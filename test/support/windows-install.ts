/** azl-vm as it would be installed on Windows. */
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { options } from '../../scripts/build.mjs'
import { repositoryRoot } from './run-cli.ts'
import type { Windows } from './windows.ts'

/** Where npm would have put it, on a drive and below a name that Windows' users have. */
export const installed = String.raw`D:\Über uns & Co (100%)\azl-vm`

/** `more`: entry points beside the tool's own, by the name that they get in `dist`. */
export async function install(windows: Windows, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = windows.unix(installed)
  const { default: manifest } = (await import('../../package.json', { with: { type: 'json' } })) as {
    default: { files: readonly string[] }
  }
  await mkdir(folder, { recursive: true })
  for (const name of ['package.json', ...manifest.files.filter((file) => file !== 'dist')])
    await cp(join(repositoryRoot, name), join(folder, name), { recursive: true })
  await build({
    ...options,
    outdir: join(folder, 'dist'),
    entryPoints: { cli: 'src/cli.ts', recorder: 'src/recorder/main.ts', ...more },
  })
}
