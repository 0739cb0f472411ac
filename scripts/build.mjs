// Builds dist/cli.js and its chunks. Run by `npm run build`, and by `npm ci` through `prepare`.
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'))
const outdir = `${root}/dist`

/**
 * Of `yargs/helpers` only the parser is used. The rest sets up a terminal when it is loaded, which takes as long as
 * half of Node's own start; said to have no effects, it is left out.
 */
const parserOfYargsOnly = {
  name: 'parser-of-yargs-only',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^\.\.?\// }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === parserOfYargsOnly || !/[\\/]yargs[\\/]helpers[\\/]/.test(importer)) return undefined
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: parserOfYargsOnly })
      return { ...found, sideEffects: false }
    })
  },
}

/** The whole of the build; tests read its metafile to know which code each command loads. */
export const options = {
  absWorkingDir: root,
  // The recorder outlives the command that begins it, so it is a program of its own.
  entryPoints: { cli: 'src/cli.ts', recorder: 'src/recorder/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['workspace-source'],
  define: { AZL_VM_VERSION: JSON.stringify(version) },
  chunkNames: 'chunks/[name]-[hash]',
  // CommonJS dependencies (sax) call require for Node's own modules.
  banner: {
    js: "import { createRequire as azlVmCreateRequire } from 'node:module'; const require = azlVmCreateRequire(import.meta.url);",
  },
  legalComments: 'linked',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  plugins: [parserOfYargsOnly],
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
