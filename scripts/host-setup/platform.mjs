// @ts-check
/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {'debian' | 'fedora' | 'arch' | 'suse' | 'alpine' | 'other-linux' | 'macos' | 'windows' | 'other'} PlatformKind
 * @typedef {{ kind: PlatformKind, name: string, hasSystemd: boolean }} Platform
 */

/** The families whose package names we know, by the IDs that os-release(5) gives. */
/** @type {readonly [PlatformKind, readonly string[]][]} */
const FAMILIES = [
  ['debian', ['debian', 'ubuntu']],
  ['fedora', ['fedora', 'rhel', 'centos', 'azurelinux']],
  ['arch', ['arch']],
  ['suse', ['suse', 'opensuse', 'sles']],
  ['alpine', ['alpine']],
]

/**
 * os-release(5) is shell-like: KEY=value, KEY="value", KEY='value', one a line.
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function parseOsRelease(text) {
  /** @type {Record<string, string>} */
  const fields = {}
  for (const line of text.split('\n')) {
    // PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    const match = /^([A-Z_0-9]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim())
    if (match?.[1] !== undefined) fields[match[1]] = match[2] ?? match[3] ?? match[4] ?? ''
  }
  return fields
}

/**
 * @param {Host} host
 * @returns {Platform}
 */
export function detectPlatform(host) {
  if (host.platform === 'darwin') return { kind: 'macos', name: 'macOS', hasSystemd: false }
  if (host.platform === 'win32') return { kind: 'windows', name: 'Windows', hasSystemd: false }
  if (host.platform !== 'linux') return { kind: 'other', name: host.platform, hasSystemd: false }
  const release = parseOsRelease(host.read('/etc/os-release') ?? host.read('/usr/lib/os-release') ?? '')
  const ids = [release['ID'] ?? '', ...(release['ID_LIKE'] ?? '').split(/\s+/)]
  const family = ids.flatMap((id) => FAMILIES.filter(([, members]) => members.includes(id)))[0]
  return {
    kind: family?.[0] ?? 'other-linux',
    name: release['PRETTY_NAME'] ?? release['ID'] ?? 'this Linux',
    // The folder that sd_booted(3) looks for: systemd can be installed without being the init that runs.
    hasSystemd: host.exists('/run/systemd/system'),
  }
}
