// Runs a tool that is written in TypeScript, on any Node that we support: node tools/run.mjs NAME [ARGUMENTS]
import { mkdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const [name, ...rest] = process.argv.slice(2)
const cache = fileURLToPath(new URL('../../../.cache/tools/', import.meta.url))
const outfile = `${cache}${name}.mjs`
await mkdir(cache, { recursive: true })
await build({
  entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
  outfile,
})
process.argv = [process.argv[0], outfile, ...rest]
await import(`${pathToFileURL(outfile)}?${Date.now()}`)
