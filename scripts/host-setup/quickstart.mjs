// @ts-check
import { join } from 'node:path'
import { setupAdvice } from './advice.mjs'
import { ensurePackages } from './apt.mjs'
import { ensureLibvirt } from './libvirt.mjs'
import { ensureNpmPackages } from './npm.mjs'
import { quickstartPackages } from './packages.mjs'
import { detectPlatform } from './platform.mjs'
import { SetupError } from './setup-error.mjs'

/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./libvirt.mjs').Ask} Ask
 * @typedef {import('./advice.mjs').ProviderState} ProviderState
 */

/** The machine's name in templates/quickstart.yaml. */
const MACHINE = 'quickstart'
const INTERRUPTED = 130

/**
 * From a fresh clone to a booted machine, in steps that each say what they do before they do it.
 * @param {Host} host
 * @param {Ask} ask
 * @param {string} root the checkout
 * @returns {Promise<number>} exit code
 */
export async function quickstart(host, ask, root) {
  const platform = detectPlatform(host)
  host.say(`azl-vm quickstart on ${platform.name}: set-up, then one machine is booted, shown and taken away again.`)
  await ensureNpmPackages(host, root)
  const startedAt = host.now()
  const setUpMs = await ensureHypervisor(host, ask, root, platform)
  const code = await bootAndShow(host, root)
  host.say(`\nTime since the installs: ${((host.now() - startedAt - setUpMs) / 1000).toFixed(1)} s`)
  if (code === 0) {
    const tool = toolHere(host)
    host.say(`Next: ${tool} init, or ${tool} --help. Templates to start from are in templates/.`)
  }
  return code
}

/**
 * In a checkout. PowerShell takes npx for a script, which its policy may forbid; npx.cmd is none, and cmd has it too.
 * @param {Host} host
 */
function toolHere(host) {
  return `${host.platform === 'win32' ? 'npx.cmd' : 'npx'} azl-vm`
}

/**
 * Sees that azl-vm has a hypervisor: the first that is ready here is used as it is. Where none is, libvirt is set up
 * if its packages are known, else the error says of each what it lacks.
 * @param {Host} host
 * @param {Ask} ask
 * @param {string} root
 * @param {import('./platform.mjs').Platform} platform
 * @returns {Promise<number>} how long the installs took, in milliseconds
 */
async function ensureHypervisor(host, ask, root, platform) {
  const providers = await askProviders(host, root)
  const ready = providers.find(({ isReady }) => isReady)
  if (ready !== undefined) {
    host.say(`Hypervisor: ${ready.title} is ready here; it is used as it is.`)
    return 0
  }
  if (platform.kind !== 'debian') throw new SetupError(setupAdvice(host, platform, providers))
  const before = host.now()
  await ensurePackages(host, quickstartPackages({ arch: host.arch, hasSystemd: platform.hasSystemd }))
  const installMs = host.now() - before
  await ensureLibvirt(host, platform, ask)
  return installMs
}

/**
 * What `azl-vm providers` says, in the order in which `provider: auto` chooses.
 * @param {Host} host
 * @param {string} root
 * @returns {Promise<readonly ProviderState[]>}
 */
async function askProviders(host, root) {
  const { code, stdout, stderr } = await host.capture(...azlVm(root, ['providers', '--output', 'json']))
  if (code !== 0) throw new SetupError(`Asking for the hypervisors failed (azl-vm providers): ${stderr.trim()}`)
  /** @type {{ providers: readonly ProviderState[] }} */
  const { providers } = JSON.parse(stdout)
  return providers
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @returns {[string, readonly string[], { cwd: string }]}
 */
function azlVm(root, args) {
  return [process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd: root }]
}

/**
 * @param {Host} host
 * @param {string} root
 */
async function bootAndShow(host, root) {
  if (await isThere(host, root)) {
    host.say(`A machine '${MACHINE}' is left from an earlier run; taking it away first.`)
    const code = await host.run(...azlVm(root, ['destroy', MACHINE]))
    if (code !== 0) return code
  }
  host.say(`\n$ ${toolHere(host)} up templates/quickstart.yaml --rm`)
  const code = await host.run(...azlVm(root, ['up', 'templates/quickstart.yaml', '--rm']))
  if (code === 0 || !(await isThere(host, root))) return code
  if (code === INTERRUPTED) {
    host.say(`Interrupted; taking the machine '${MACHINE}' away.`)
    if ((await host.run(...azlVm(root, ['destroy', MACHINE]))) === 0) return code
  }
  host.say(
    `The machine is still there. To look: ${toolHere(host)} logs ${MACHINE}. To take it away: ${toolHere(host)} destroy ${MACHINE}`,
  )
  return code
}

/**
 * @param {Host} host
 * @param {string} root
 */
async function isThere(host, root) {
  const { code, stdout } = await host.capture(...azlVm(root, ['ls', '--output', 'json']))
  if (code !== 0) return false
  return machineNames(stdout).includes(MACHINE)
}

/**
 * The names in what `azl-vm ls --output json` prints.
 * @param {string} text
 * @returns {string[]}
 */
export function machineNames(text) {
  /** @type {{ machines: { isOurs: boolean, ref: { name: string } }[] }} */
  const { machines } = JSON.parse(text)
  return machines.filter(({ isOurs }) => isOurs).map(({ ref }) => ref.name)
}
