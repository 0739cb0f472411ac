// @ts-check
// Files of Debian packages without installing the packages: kernels and boot loaders that a test boots must not
// change what the host itself boots.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rootPrefix, runAsRoot } from './apt.mjs'
import { SetupError } from './setup-error.mjs'

/** @typedef {import('./host.mjs').Host} Host */

/** In the name of a folder that is being filled. */
const UNFINISHED = '.part-'

/**
 * The candidate versions that apt knows.
 * @param {string} policy what `apt-cache policy NAMES` prints in English
 * @returns {Map<string, string>}
 */
export function parsePolicy(policy) {
  const candidates = new Map()
  let name = ''
  for (const line of policy.split('\n')) {
    // 'memtest86+:', then '  Candidate: 6.10-4' or '  Candidate: (none)'
    const heading = /^(\S+):$/.exec(line)
    if (heading?.[1] !== undefined) name = heading[1]
    const candidate = /^ {2}Candidate: (.+)$/.exec(line)?.[1]
    if (candidate !== undefined && candidate !== '(none)') candidates.set(name, candidate)
  }
  return candidates
}

/**
 * A version may hold an epoch's colon ('1:7.2'), which some file systems refuse; apt's own files are escaped alike.
 * @param {string} name
 * @param {string} version
 */
export const folderName = (name, version) => `${name}_${version.replaceAll(':', '%3a')}`

/**
 * @param {Host} host
 * @param {readonly string[]} names
 */
async function candidates(host, names) {
  return parsePolicy((await host.capture('apt-cache', ['policy', ...names])).stdout)
}

/**
 * Downloads and unpacks Debian packages below `dir`, each into `<name>_<version>`, and answers with the folders by
 * package name. A folder that is there is used as it is, so a second call needs no network. Uses apt's own sources;
 * where apt has no package lists yet (container images throw them away) it refreshes them, which needs root.
 * Several processes may do this at once: a folder appears by rename, whole or not at all.
 * @param {Host} host
 * @param {readonly string[]} names
 * @param {string} dir
 * @returns {Promise<Record<string, string>>}
 */
export async function unpackDebianPackages(host, names, dir) {
  mkdirSync(dir, { recursive: true })
  let known = await candidates(host, names)
  const cached = readdirSync(dir).filter((entry) => !entry.includes(UNFINISHED))
  const isLost = (/** @type {string} */ name) =>
    !known.has(name) && !cached.some((entry) => entry.startsWith(`${name}_`))
  if (names.some(isLost)) {
    const prefix = await rootPrefix(host)
    if (prefix === undefined)
      throw new SetupError(`apt does not know ${names.filter(isLost).join(', ')}: run 'sudo apt-get update'.`)
    host.say(`apt has no lists with ${names.filter(isLost).join(', ')} yet; refreshing them.`)
    await runAsRoot(host, prefix, ['apt-get', '-q', '-o', 'Acquire::Retries=3', 'update'])
    known = await candidates(host, names)
  }
  /** @type {Record<string, string>} */
  const folders = {}
  for (const name of names) {
    const version = known.get(name)
    const entry =
      version === undefined ? cached.find((found) => found.startsWith(`${name}_`)) : folderName(name, version)
    if (entry === undefined) throw new SetupError(`No Debian package '${name}' in this machine's apt sources.`)
    folders[name] = join(dir, entry)
    if (!cached.includes(entry)) await unpack(host, name, join(dir, entry))
  }
  return folders
}

/**
 * @param {Host} host
 * @param {string} name
 * @param {string} folder
 */
async function unpack(host, name, folder) {
  const work = mkdtempSync(`${folder}${UNFINISHED}`)
  try {
    // As root apt would download as user _apt, who may not write here, and warn about it.
    const sandbox = host.uid === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
    await must(host, 'apt-get', [...sandbox, '-o', 'Acquire::Retries=3', '-q', 'download', name], work)
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
    if (archive === undefined) throw new SetupError(`'apt-get download ${name}' left no file.`)
    await must(host, 'dpkg-deb', ['-x', archive, 'tree'], work)
    renameSync(join(work, 'tree'), folder)
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
    if (!isThere) throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * @param {Host} host
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function must(host, command, args, cwd) {
  const { code, stderr } = await host.capture(command, args, { cwd })
  if (code !== 0) throw new SetupError(`'${command} ${args.join(' ')}' failed (exit code ${code}): ${stderr.trim()}`)
}
