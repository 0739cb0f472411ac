// @ts-check
// `npm run check`: everything that needs no test run, two at a time, each with its own words where it fails.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The longest first, so that the short ones fill the other processor. */
const steps = [
  { name: 'lint, import arrows', command: ['node_modules/eslint/bin/eslint.js', '.'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'] },
  { name: 'format', command: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'unused code and packages', command: ['node_modules/knip/bin/knip.js'] },
  { name: 'generated files', command: ['scripts/generate-docs.mjs', '--check'] },
  { name: "libvirt's protocol", command: ['packages/libvirt-ts/tools/run.mjs', 'check-protocol'] },
]

/** @param {(typeof steps)[number]} step */
async function run({ name, command }) {
  const startedAt = Date.now()
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)`)
  if (code !== 0 || output.includes('skip')) process.stdout.write(output)
  return code === 0
}

const queue = [...steps]
const results = await Promise.all(
  [1, 2].map(async () => {
    let isFine = true
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) isFine = (await run(step)) && isFine
    return isFine
  }),
)
process.exitCode = results.every(Boolean) ? 0 : 1
