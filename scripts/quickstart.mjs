// @ts-check
// `npm run quickstart`: from a fresh clone to a booted machine. Runs before anything is installed, so it and what it
// loads import only Node's own modules.
import { requireSupportedNode } from './host-setup/node-version.mjs'

requireSupportedNode()
// Only now, because an old Node could not even load these.
const [{ quickstart }, { systemHost }, { askSocket }, { runMain }, { fileURLToPath }] = await Promise.all([
  import('./host-setup/quickstart.mjs'),
  import('./host-setup/host.mjs'),
  import('./host-setup/libvirt-socket.mjs'),
  import('./host-setup/setup-error.mjs'),
  import('node:url'),
])

await runMain(() => quickstart(systemHost(), askSocket, fileURLToPath(new URL('..', import.meta.url))))
