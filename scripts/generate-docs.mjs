// Writes the pages and the schema that are made from the code; --check only says which are stale.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { format, resolveConfig } from 'prettier'
import { options } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const isCheck = process.argv.includes('--check')

const pages = await generate()
const stale = []
for (const [name, text] of Object.entries(pages)) {
  const file = join(root, name)
  const wanted = await format(text, { ...(await resolveConfig(file)), filepath: file })
  if ((await readFile(file, 'utf8').catch(() => undefined)) === wanted) continue
  stale.push(name)
  if (isCheck) continue
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, wanted)
}
if (isCheck && stale.length > 0) {
  process.stderr.write(`stale: ${stale.join(', ')}\nrun: node scripts/generate-docs.mjs\n`)
  process.exitCode = 1
} else if (!isCheck) {
  process.stdout.write(stale.length === 0 ? 'all is fresh\n' : `wrote ${stale.join(', ')}\n`)
}

/** The sources are TypeScript, so the generator is built as the tool is, and then loaded. */
async function generate() {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache', 'docs-'))
  try {
    await build({ ...options, entryPoints: { pages: 'scripts/docs/pages.ts' }, outdir: folder, legalComments: 'none' })
    const { generatePages } = await import(pathToFileURL(join(folder, 'pages.js')).href)
    return await generatePages({ AZL_VM_HOME: join(folder, 'home') })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
