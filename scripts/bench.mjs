// Builds the tool, measures it, prints the table; --write puts it into docs/performance.md. See scripts/bench/main.ts.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { options } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

await mkdir(join(root, '.cache'), { recursive: true })
const folder = await mkdtemp(join(root, '.cache', 'bench-'))
try {
  const entryPoints = { main: 'scripts/bench/main.ts', 'flood-child': 'scripts/bench/flood-child.ts' }
  await build({ ...options, entryPoints, outdir: folder, legalComments: 'none', minifyWhitespace: false })
  const { runBench } = await import(pathToFileURL(join(folder, 'main.js')).href)
  process.exitCode = await runBench(process.argv.slice(2), { root, floodChild: join(folder, 'flood-child.js') })
} finally {
  await rm(folder, { recursive: true, force: true })
}
