/** azl-vm as it would be installed on Windows. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, win32 } from 'node:path'
import { build } from 'esbuild'
import { expect } from 'vitest'
import { options } from '../../scripts/build.mjs'
import { repositoryRoot } from './run-cli.ts'
import { tellEnd } from './tool-world.ts'
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

/** What a command of it says as JSON; it must have ended well. */
export async function runInstalled(
  windows: Windows,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<unknown> {
  const end = await windows.node([win32.join(installed, 'dist', 'cli.js'), ...argv, '--output', 'json'], { env })
  expect(end.exitCode, tellEnd(end)).toBe(0)
  return JSON.parse(end.stdout)
}

/** What `plan --emit ps1` writes, as it lies on the disk; all of it must be ASCII, which 5.1 reads in any code page. */
export async function emitScript(windows: Windows, spec: string, env: NodeJS.ProcessEnv): Promise<string> {
  const file = String.raw`D:\by hand.ps1`
  await runInstalled(windows, ['plan', spec, '--emit', 'ps1', '--out', file], env)
  const script = await readFile(windows.unix(file), 'utf8')
  expect(script).toMatch(/^[\t\n\x20-\x7e]*$/)
  return script
}

/** Writes the spec of a small machine, `probe`, which waits when it has reported; returns its path on Windows. */
export async function writeProbeSpec(
  windows: Windows,
  provider: string,
  storage: string,
  networks: readonly object[] = [],
): Promise<string> {
  const spec = {
    version: 1,
    name: 'probe',
    provider,
    source: { probe: { then: 'wait' } },
    machine: { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }], networks },
    storage: { path: storage },
  }
  const file = String.raw`D:\probe für alle.yaml`
  await writeFile(windows.unix(file), JSON.stringify(spec))
  return file
}
