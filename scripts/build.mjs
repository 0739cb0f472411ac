// Builds dist/cli.js and its chunks. Run by `npm run build`, and by `npm ci` through `prepare`.
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'))
const outdir = `${root}/dist`

/** The whole of the build; tests read its metafile to know which code each command loads. */
export const options = {
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  define: { AZL_VM_VERSION: JSON.stringify(version) },
  chunkNames: 'chunks/[name]-[hash]',
  // CommonJS dependencies (proper-lockfile, semver) call require for Node's own modules.
  banner: {
    js: "import { createRequire as azlVmCreateRequire } from 'node:module'; const require = azlVmCreateRequire(import.meta.url);",
  },
  legalComments: 'linked',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: 'warning',
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(outdir, { recursive: true })
  const { metafile } = await build(options)
  await chmod(`${outdir}/cli.js`, 0o755)
  await removeStale(new Set(Object.keys(metafile.outputs).map((file) => resolve(root, file))))
}

/** What an earlier build left. Only now, so that a tool that runs meanwhile finds its chunks. */
async function removeStale(fresh) {
  for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
    const file = resolve(entry.parentPath, entry.name)
    if (entry.isFile() && !fresh.has(file)) await rm(file, { force: true })
  }
}
