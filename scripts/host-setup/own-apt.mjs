// @ts-check
// An apt that keeps lists and downloads to itself, for another suite or architecture than this machine's own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('./host.mjs').Host} Host */

/** Container images switch apt's binary caches off, which then costs seconds for each call; the last word wins. */
const CACHES = ['pkgcache', 'srcpkgcache'].flatMap((name) => ['-o', `Dir::Cache::${name}=${name}.bin`])

/**
 * The same host, whose apt has its state below `folder` and knows no installed package.
 * @param {Host} host
 * @param {string} folder
 * @param {readonly string[]} settings lines of apt.conf(5), which the machine's own settings come after
 * @returns {Host}
 */
export function hostWithOwnApt(host, folder, settings) {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'status'), '')
  const file = join(folder, 'apt.conf')
  const own = [
    `Dir::State "${folder}";`,
    `Dir::State::lists "${join(folder, 'lists')}";`,
    `Dir::State::status "${join(folder, 'status')}";`,
    `Dir::Cache "${join(folder, 'cache')}";`,
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'APT::Sandbox::User "root";',
  ]
  writeFileSync(file, [...own, ...settings, ''].join('\n'))
  /** @param {string} command @param {readonly string[]} args */
  const withCaches = (command, args) => (command.startsWith('apt-') ? [...CACHES, ...args] : args)
  /** @param {import('./host.mjs').RunOptions} [options] */
  const withConfig = (options) => ({ ...options, env: { ...options?.env, APT_CONFIG: file } })
  return {
    ...host,
    capture: (command, args, options) => host.capture(command, withCaches(command, args), withConfig(options)),
    run: (command, args, options) => host.run(command, withCaches(command, args), withConfig(options)),
  }
}
