// @ts-check
import { SetupError } from './setup-error.mjs'

/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./packages.mjs').Package} Package
 */

/** A machine that has just booted may be upgrading itself; and one lost packet shall not cost a run. */
const APT_OPTIONS = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']

/**
 * @param {Host} host
 * @param {readonly Package[]} wanted
 * @returns {Promise<Package[]>}
 */
export async function missingPackages(host, wanted) {
  const names = wanted.map(({ name }) => name)
  // Exits 1 as soon as one name is unknown, and prints the others all the same.
  const { code, stdout, stderr } = await host.capture('dpkg-query', [
    '-W',
    '-f=${Package}\\t${db:Status-Status}\\n',
    ...names,
  ])
  if (code !== 0 && code !== 1) throw new SetupError(`dpkg-query failed (exit code ${code}): ${stderr.trim()}`)
  const installed = new Set(
    stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .filter(([, status]) => status === 'installed')
      .map(([name]) => name),
  )
  return wanted.filter(({ name }) => !installed.has(name))
}

/**
 * How a command becomes root's here: as it is, with sudo, or not at all (undefined).
 * @param {Host} host
 * @returns {Promise<readonly string[] | undefined>}
 */
export async function rootPrefix(host) {
  if (host.uid === 0) return []
  if (!host.hasCommand('sudo')) return undefined
  if ((await host.capture('sudo', ['-n', 'true'])).code === 0) return ['sudo', '-n']
  return host.interactive ? ['sudo'] : undefined
}

/**
 * Runs a command as root with its output on ours; throws when it fails.
 * @param {Host} host
 * @param {readonly string[]} prefix from `rootPrefix`
 * @param {readonly string[]} argv
 */
export async function runAsRoot(host, prefix, argv) {
  const [command = '', ...args] = [...prefix, ...argv]
  host.say(`  $ ${[command, ...args].join(' ')}`)
  const code = await host.run(command, args)
  if (code !== 0) throw new SetupError(`'${argv.join(' ')}' failed (exit code ${code}); its words are above.`)
}

/**
 * Installs what is missing, after saying what and why. Where nothing is missing, nothing is touched: no package list
 * is refreshed either.
 * @param {Host} host
 * @param {readonly Package[]} wanted
 * @returns {Promise<readonly Package[]>} what was installed
 */
export async function ensurePackages(host, wanted) {
  const missing = await missingPackages(host, wanted)
  if (missing.length === 0) {
    host.say(`System packages: all ${wanted.length} are installed; the system is not touched.`)
    return []
  }
  host.say(`System packages: ${missing.length} of ${wanted.length} are missing and will be installed with apt-get:`)
  const width = Math.max(...missing.map(({ name }) => name.length))
  for (const { name, why } of missing) host.say(`  ${name.padEnd(width)}  ${why}`)
  const names = missing.map(({ name }) => name)
  const prefix = await rootPrefix(host)
  if (prefix === undefined) {
    throw new SetupError(
      'Installing them needs root, and sudo cannot be used here without a password. Nothing was changed. Run\n' +
        `  sudo apt-get update && sudo apt-get install --no-install-recommends ${names.join(' ')}\n` +
        'and then the same command again.',
    )
  }
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...APT_OPTIONS]
  await runAsRoot(host, prefix, [...apt, '-q', 'update'])
  await runAsRoot(host, prefix, [...apt, '-q', 'install', '-y', '--no-install-recommends', ...names])
  return missing
}
