// @ts-check
// Debian's OVMF and AAVMF in the place of a hypervisor's own firmware.
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownPath } from './linux.mjs'

/**
 * @typedef {import('./description.mjs').Architecture} Architecture
 * @typedef {import('./description.mjs').Firmware} Firmware
 */

/**
 * The firmware of a machine with its variables in `folder`: the machine's own, kept from boot to boot; begun anew where
 * Secure Boot was changed. With Secure Boot Debian's file has Microsoft's keys of both kinds, Windows' and the UEFI CA.
 * @param {string} folder
 * @param {Architecture} architecture
 * @param {boolean} secureBoot
 * @returns {Promise<Firmware>}
 */
export async function prepareFirmware(folder, architecture, secureBoot) {
  const [code, template] = files(architecture, secureBoot)
  const variables = join(folder, 'vars.fd')
  const kind = join(folder, 'vars.kind')
  const wanted = `${architecture} ${secureBoot}`
  if (!existsSync(variables) || (await readFile(kind, 'utf8')) !== wanted) {
    await copyFile(template, variables)
    await writeFile(kind, wanted)
  }
  return { code, variables, hasSecureBoot: secureBoot && architecture === 'x86_64' }
}

/**
 * @param {Architecture} architecture
 * @param {boolean} secureBoot
 * @returns {readonly [code: string, variables: string]}
 */
function files(architecture, secureBoot) {
  const keys = secureBoot ? '.ms' : ''
  const [folder, size] = architecture === 'aarch64' ? ['AAVMF/AAVMF', ''] : ['OVMF/OVMF', '_4M']
  const named = (/** @type {string} */ what) => ownPath(`/usr/share/${folder}_${what}${size}${keys}.fd`)
  return [named('CODE'), named('VARS')]
}
