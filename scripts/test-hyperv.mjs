// Asks a real Hyper-V host for every rule of the simulator. See test/hyperv-host/main.ts.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { options } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
await mkdir(join(root, '.cache'), { recursive: true })
const folder = await mkdtemp(join(root, '.cache', 'test-hyperv-'))
try {
  await build({
    ...options,
    entryPoints: { main: 'test/hyperv-host/main.ts' },
    outdir: folder,
    legalComments: 'none',
    minifyWhitespace: false,
  })
  const { main } = await import(pathToFileURL(join(folder, 'main.js')).href)
  process.exitCode = await main(process.argv.slice(2), process.env, new Date())
} finally {
  await rm(folder, { recursive: true, force: true })
}
