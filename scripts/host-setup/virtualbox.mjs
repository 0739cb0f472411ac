// @ts-check
// The real VBoxManage for tests, from Debian's unstable archive: no stable one has VirtualBox. Nothing is installed and no
// kernel module is built: the packages are unpacked into one folder, which a wrapper shows to VBoxManage as its /usr.
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unpackDebianPackages } from './debian-packages.mjs'
import { hostWithOwnApt } from './own-apt.mjs'
import { SetupError } from './setup-error.mjs'
import { shortenIdling } from './virtualbox-idling.mjs'

/** @typedef {import('./host.mjs').Host} Host */

/** @param {string} root of the checkout */
const place = (root) => join(root, '.cache', 'virtualbox')

/**
 * What VBoxManage is to find as /usr.
 * @param {string} root of the checkout
 */
export const virtualBoxUsr = (root) => join(place(root), 'root', 'usr')

/** Without a locale that has all letters VBoxManage takes no path with an umlaut. @param {string} root of the checkout */
const locale = (root) => join(virtualBoxUsr(root), 'lib', 'locale', 'C.utf8')

/** Below usr/lib/virtualbox: what tests run, and what those programs load by name only. */
const PROGRAMS = [
  'VBoxManage',
  'VBoxSVC',
  'vboxwebsrv',
  ...['VBoxC', 'VBoxSVCM', 'VBoxXPCOMIPCC', 'VBoxRT', 'VBoxXPCOM'].map((name) => join('components', `${name}.so`)),
]

/**
 * Leaves what is there alone. Where it cannot be had it says so, and the tests that want it skip themselves.
 * @param {Host} host
 * @param {string} root
 */
export async function ensureVirtualBox(host, root) {
  const usr = virtualBoxUsr(root)
  if (host.exists(locale(root))) host.say(`VirtualBox's VBoxManage for tests: ${usr}`)
  else await fetchVirtualBox(host, root)
  shortenIdling(host, usr)
}

/**
 * @param {Host} host
 * @param {string} root
 */
async function fetchVirtualBox(host, root) {
  const usr = virtualBoxUsr(root)
  host.say('VirtualBox for tests: fetching it from Debian unstable; unpacked below .cache, not installed.')
  mkdirSync(place(root), { recursive: true })
  const work = mkdtempSync(join(place(root), 'part-'))
  try {
    await unpackClosure(await unstableHost(host, place(root)), join(place(root), 'packages'), work)
    // One from before it had a locale.
    rmSync(dirname(usr), { recursive: true, force: true })
    renameSync(work, dirname(usr))
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    host.say(`  not to be had, tests of VirtualBox are skipped: ${error.message}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * The same host, whose apt knows Debian unstable only, at the address that this machine's own Debian has, and keeps its
 * lists to itself.
 * @param {Host} host
 * @param {string} folder
 * @returns {Promise<Host>}
 */
async function unstableHost(host, folder) {
  if (host.uid !== 0) throw new SetupError('showing VBoxManage a /usr of its own needs root')
  const address = debianAddress((await host.capture('apt-get', ['indextargets', 'Created-By: Packages'])).stdout)
  if (address === undefined) throw new SetupError('this machine has no Debian archive among its apt sources')
  const apt = join(folder, 'apt')
  const sources = join(apt, 'sources.list')
  const own = hostWithOwnApt(host, apt, [
    `Dir::Etc::SourceList "${sources}";`,
    'Dir::Etc::SourceParts "/dev/null";',
    // A mirror's copy of unstable may be older than it promises to be.
    'Acquire::Check-Valid-Until "false";',
    'APT::Architecture "amd64";',
  ])
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(sources, `deb [signed-by=${keys}] ${address} sid main contrib\n`)
  return own
}

/**
 * Where the machine's own Debian comes from.
 * @param {string} targets what `apt-get indextargets` prints: paragraphs of `Key: value`
 * @returns {string | undefined}
 */
export function debianAddress(targets) {
  for (const paragraph of targets.split('\n\n')) {
    const fields = Object.fromEntries(paragraph.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
    // …/debian/, not …/debian-security/ and not a vendor's own
    if (fields['Component'] === 'main' && /\/debian\/?$/.test(fields['Repo-URI'] ?? '')) return fields['Repo-URI']
  }
  return undefined
}

/**
 * Unpacks VirtualBox and the packages whose libraries its programs want, found by asking the loader: an archive that
 * rolls renames them from time to time, and all that its packages depend on would be five times as much.
 * @param {Host} host
 * @param {string} packages where packages are kept
 * @param {string} work
 */
async function unpackClosure(host, packages, work) {
  for (const [link, target] of Object.entries({ bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' }))
    symlinkSync(target, join(work, link))
  const have = new Set()
  const add = async (/** @type {readonly string[]} */ names) => {
    for (const folder of Object.values(await unpackDebianPackages(host, names, packages)))
      cpSync(folder, work, { recursive: true, verbatimSymlinks: true })
    for (const name of names) have.add(name)
  }
  await add(['libc6', 'libc-bin', 'virtualbox'])
  for (;;) {
    const wanted = await missingLibraries(host, work)
    if (wanted.length === 0) return
    const candidates = (await dependencies(host, [...have])).filter((name) => !have.has(name))
    const chosen = new Set(wanted.map((library) => packageOf(library, candidates)).filter((name) => name !== undefined))
    if (chosen.size === 0) throw new SetupError(`no package of Debian unstable was found that has ${wanted.join(', ')}`)
    await add([...chosen])
  }
}

/**
 * What the programs need and what those need, as far as nobody has unpacked it.
 * @param {Host} host
 * @param {string} work
 */
async function missingLibraries(host, work) {
  const own = join(work, 'usr', 'lib', 'virtualbox')
  const folders = [own, join(work, 'usr', 'lib', 'x86_64-linux-gnu'), join(work, 'usr', 'lib64')]
  const missing = new Set()
  const seen = new Set()
  let files = PROGRAMS.map((name) => join(own, name))
  while (files.length > 0) {
    const { code, stdout, stderr } = await host.capture('readelf', ['-d', ...files])
    if (code !== 0) throw new SetupError(`readelf cannot tell what VirtualBox needs: ${stderr.trim()}`)
    files = []
    // 0x0000000000000001 (NEEDED)             Shared library: [libstdc++.so.6]
    for (const [, library = ''] of stdout.matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)) {
      if (seen.has(library)) continue
      seen.add(library)
      const file = folders.map((folder) => join(folder, library)).find((each) => existsSync(each))
      if (file === undefined) missing.add(library)
      else files.push(file)
    }
  }
  return /** @type {string[]} */ ([...missing])
}

/**
 * @param {Host} host
 * @param {readonly string[]} names
 */
async function dependencies(host, names) {
  const { stdout } = await host.capture('apt-cache', ['depends', '--important', ...names])
  // "  Depends: libcurl4t64", " |PreDepends: …"
  return [...stdout.matchAll(/^[ |]+(?:Pre)?Depends: ([^<\s]+)$/gm)].map(([, name = '']) => name)
}

/** Libraries whose package is called otherwise. */
const CALLED_OTHERWISE = new Map([['libz.so.1', 'zlib1g']])

/**
 * The package that is called as a library is, by Debian's rules (policy 8.1): `libpng16.so.16` is in `libpng16-16`,
 * perhaps with `t64` behind it; else the one that begins most alike.
 * @param {string} library
 * @param {readonly string[]} candidates
 * @returns {string | undefined}
 */
export function packageOf(library, candidates) {
  const known = CALLED_OTHERWISE.get(library)
  if (known !== undefined) return known
  const [stem = '', version = ''] = library
    .toLowerCase()
    .replaceAll('_', '-')
    .split(/\.so\.?/)
  const name = `${stem}${/\d$/.test(stem) ? '-' : ''}${version}`
  const exact = candidates.find((each) => each === name || each === `${name}t64`)
  if (exact !== undefined) return exact
  const alike = (/** @type {string} */ each) => [...each].findIndex((letter, at) => letter !== stem[at])
  const length = (/** @type {string} */ each) => (alike(each) === -1 ? each.length : alike(each))
  const best = candidates.toSorted((a, b) => length(b) - length(a))[0]
  // "lib" alone says nothing.
  return best !== undefined && length(best) > 5 ? best : undefined
}
