// @ts-check
// Runs before anything is installed and on Nodes far older than we support, so it keeps to old syntax and imports
// only what every Node has.
import { readFileSync } from 'node:fs'

/** @param {string} version */
const numbers = (version) => version.split('.').map(Number)

/**
 * Whether `version` ('20.20.2') is inside a range of the two forms that package.json's `engines.node` uses:
 * '^20.19.0 || ^22.13.0 || >=24'. semver itself is not installed yet when this is asked.
 * @param {string} version
 * @param {string} range
 */
export function satisfies(version, range) {
  const [major = 0, minor = 0, patch = 0] = numbers(version)
  return range.split('||').some((part) => {
    const wanted = part.trim()
    const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = numbers(wanted.replace(/^(\^|>=)/, ''))
    if (major !== wantedMajor) return wanted.startsWith('>=') && major > wantedMajor
    if (minor !== wantedMinor) return minor > wantedMinor
    return patch >= wantedPatch
  })
}

/**
 * The line to print when this Node will not do, or undefined.
 * @param {string} version
 * @param {string} range
 */
export function nodeFault(version, range) {
  if (satisfies(version, range)) return undefined
  return (
    `azl-vm needs Node.js ${range}; this is ${version}. Nothing was installed or changed.\n` +
    'Get a supported one from https://nodejs.org or your version manager (nvm install 22, fnm install 22), ' +
    'and run the same command again.'
  )
}

/** Ends the process with exit code 3 (host not ready) when this Node is too old for the packages. */
export function requireSupportedNode() {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const fault = nodeFault(process.versions.node, manifest.engines.node)
  if (fault === undefined) return
  console.error(fault)
  process.exit(3)
}
