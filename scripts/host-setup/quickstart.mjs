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
  const isDebian = platform.kind === 'debian'
  if (!isDebian && !(await canRunAnyway(host, ask))) throw new SetupError(setupAdvice(host, platform))
  host.say(`azl-vm quickstart on ${platform.name}: set-up, then one machine is booted, shown and taken away again.`)
  if (isDebian) await ensurePackages(host, quickstartPackages({ arch: host.arch, hasSystemd: platform.hasSystemd }))
  await ensureNpmPackages(host, root)
  const startedAt = host.now()
  await ensureLibvirt(host, platform, ask)
  const code = await bootAndShow(host, root)
  host.say(`\nTime since the installs: ${((host.now() - startedAt) / 1000).toFixed(1)} s`)
  if (code === 0) host.say('Next: npx azl-vm init, or npx azl-vm --help. Templates to start from are in templates/.')
  return code
}

/**
 * A Linux whose packages we do not install serves as well as any once its libvirt answers.
 * @param {Host} host
 * @param {Ask} ask
 */
async function canRunAnyway(host, ask) {
  if (host.platform !== 'linux') return false
  if (host.env['LIBVIRT_DEFAULT_URI'] !== undefined) return true
  const { SYSTEM_SOCKETS, sessionSocket } = await import('./libvirt.mjs')
  const states = await Promise.all([...SYSTEM_SOCKETS, sessionSocket(host)].map(ask))
  return states.includes('answers')
}

/**
 * @param {Host} host
 * @param {string} root
 */
async function bootAndShow(host, root) {
  /** @param {readonly string[]} args */
  const azlVm = (args) =>
    /** @type {const} */ ([process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd: root }])
  if (await isThere(host, azlVm)) {
    host.say(`A machine '${MACHINE}' is left from an earlier run; taking it away first.`)
    const code = await host.run(...azlVm(['destroy', MACHINE]))
    if (code !== 0) return code
  }
  host.say('\n$ npx azl-vm up templates/quickstart.yaml --rm')
  const code = await host.run(...azlVm(['up', 'templates/quickstart.yaml', '--rm']))
  if (code === 0 || !(await isThere(host, azlVm))) return code
  if (code === INTERRUPTED) {
    host.say(`Interrupted; taking the machine '${MACHINE}' away.`)
    if ((await host.run(...azlVm(['destroy', MACHINE]))) === 0) return code
  }
  host.say(
    `The machine is still there. To look: npx azl-vm logs ${MACHINE}. To take it away: npx azl-vm destroy ${MACHINE}`,
  )
  return code
}

/**
 * @param {Host} host
 * @param {(args: readonly string[]) => readonly [string, readonly string[], { cwd: string }]} azlVm
 */
async function isThere(host, azlVm) {
  const { code, stdout } = await host.capture(...azlVm(['ls', '--output', 'json']))
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
