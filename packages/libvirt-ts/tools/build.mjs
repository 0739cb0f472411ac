// @ts-check
// Builds dist: the one implementation in CommonJS, and for `import` a door of one line to it, so that both kinds of
// module share the same classes. Run by `npm run build -w libvirt-ts`, and by npm before it packs.
import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))
const dist = `${folder}/dist`

await rm(dist, { recursive: true, force: true })
const require = createRequire(import.meta.url)
const tsc = require.resolve('typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', `${folder}/tsconfig.build.json`], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

await writeFile(`${dist}/package.json`, '{ "type": "commonjs" }\n')
for (const entry of ['index', 'testing/index']) {
  // By name: `export *` would also pass on the mark of a translated module, and trusts Node's guess at the names.
  const names = Object.keys(require(`${dist}/${entry}.js`)).sort()
  await writeFile(`${dist}/${entry}.mjs`, `export { ${names.join(', ')} } from './index.js'\n`)
  await writeFile(`${dist}/${entry}.d.mts`, "export * from './index.js'\n")
}
