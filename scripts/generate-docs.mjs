// Writes the pages and the schema that are made from the code; --check only says which are stale.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { format, resolveConfig } from 'prettier'
import { Application } from 'typedoc'
import { options } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const isCheck = process.argv.includes('--check')

const pages = { ...(await generate()), ...(await describeLibvirtTs()) }
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

/** The API of libvirt-ts from its docstrings. What is exported without one, or links to nothing, is an error. */
async function describeLibvirtTs() {
  const folder = await mkdtemp(join(root, '.cache', 'docs-'))
  try {
    const options = join(root, 'packages/libvirt-ts/typedoc.json')
    const app = await Application.bootstrapWithPlugins({ options, out: folder })
    const project = await app.convert()
    if (project !== undefined) app.validate(project)
    if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) {
      throw new Error('the API of libvirt-ts is not fully described: see the warnings above')
    }
    await app.generateOutputs(project)
    const names = (await readdir(folder)).filter((name) => name.endsWith('.md'))
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [`packages/libvirt-ts/docs/api/${name}`, await readFile(join(folder, name), 'utf8')]),
      ),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
