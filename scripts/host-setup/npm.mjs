// @ts-check
import { join } from 'node:path'
import { SetupError } from './setup-error.mjs'

/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {{ version?: string, optional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 */

/** @param {string | undefined} text */
function lockedPackages(text) {
  if (text === undefined) return undefined
  /** @type {Record<string, LockedPackage>} */
  const packages = JSON.parse(text).packages ?? {}
  return packages
}

/**
 * Why `npm ci` is due, or undefined. Contents are compared, not times: a checkout sets new times on old contents.
 * npm's hidden lockfile says what it installed; it leaves out the root and what other platforms need.
 * @param {Host} host
 * @param {string} root
 */
export function staleReason(host, root) {
  const wanted = lockedPackages(host.read(join(root, 'package-lock.json'))) ?? {}
  const installed = lockedPackages(host.read(join(root, 'node_modules', '.package-lock.json')))
  if (installed === undefined) return 'none are installed yet'
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/')) continue
    const found = installed[path]
    if (found === undefined && !optional && !peer) return `${path} is missing`
    if (found !== undefined && found.version !== version) return `${path} is ${found.version}, not ${version}`
  }
  return undefined
}

/**
 * npm as a child: the npm that runs us where there is one, because on Windows `npm` is a batch file that cannot be
 * spawned without a shell.
 * @param {Host} host
 * @param {readonly string[]} args
 * @returns {[string, string[]]}
 */
export function npmCommand(host, args) {
  const npm = host.env['npm_execpath']
  if (npm !== undefined && /\.c?js$/.test(npm)) return [process.execPath, [npm, ...args]]
  if (host.platform === 'win32') return ['cmd.exe', ['/d', '/s', '/c', 'npm', ...args]]
  return ['npm', [...args]]
}

/**
 * Installs the npm packages where they are missing or not the locked ones, and sees that dist/ is of this source.
 * @param {Host} host
 * @param {string} root
 */
export async function ensureNpmPackages(host, root) {
  const reason = staleReason(host, root)
  if (reason === undefined) {
    host.say('npm packages: the locked ones are installed.')
    // `prepare` did this at npm ci; the source may have changed since.
    if ((await host.run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root })) !== 0) {
      throw new SetupError('Building dist/ failed (node scripts/build.mjs); its words are above.')
    }
    return
  }
  host.say(`npm packages: ${reason}. Installing them into ${join(root, 'node_modules')} with 'npm ci'.`)
  // --include=dev: with NODE_ENV=production in the environment npm would leave out what builds dist/.
  const [command, args] = npmCommand(host, ['ci', '--include=dev', '--no-audit', '--no-fund'])
  const code = await host.run(command, args, { cwd: root })
  if (code !== 0) throw new SetupError(`'npm ci' failed (exit code ${code}); its words are above.`)
}
