// @ts-check
// `npm test`: installs what the tests need, runs `npm run check` and every vitest project, and ends with one line that
// machines can read. Runs before anything is installed, so it and what it loads import only Node's own modules.
import { requireSupportedNode } from './host-setup/node-version.mjs'

requireSupportedNode()
// Only now, because an old Node could not even load these.
const [{ parseOptions, testRun, USAGE }, { systemHost }, { runMain }, { fileURLToPath }] = await Promise.all([
  import('./host-setup/test-run.mjs'),
  import('./host-setup/host.mjs'),
  import('./host-setup/setup-error.mjs'),
  import('node:url'),
])

const argv = process.argv.slice(2)
if (argv.includes('--help')) console.log(USAGE)
else await runMain(() => testRun(systemHost(), fileURLToPath(new URL('..', import.meta.url)), parseOptions(argv)))
