// @ts-check
// A machine's settings, as the real VBoxManage tells them, as a machine for QEMU.
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { prepareFirmware } from '../qemu/firmware.mjs'
import { must } from './real.mjs'
import { machineFolder } from './places.mjs'

/** @typedef {import('../qemu/description.mjs').QemuMachine} QemuMachine */

/** In the run folder: where the firmware speaks, which no hypervisor hears. */
export const firmwareSocket = 'firmware.sock'

/** `showvminfo --machinereadable`: the first of each key counts, for a description may hold anything. @param {string} id */
export async function readInfo(id) {
  const text = await must('showvminfo', id, '--machinereadable')
  /** @type {Map<string, string>} */
  const info = new Map()
  for (const [, key = '', value = ''] of text.matchAll(/^"?([^"=\n]+)"?="?((?:[^"\\\n]|\\.)*)"?$/gm))
    if (!info.has(key)) info.set(key, value.replaceAll(/\\(.)/g, '$1'))
  return info
}

/** @typedef {{ readonly port: number, readonly uuid: string, readonly file: string }} VirtualDisk */

/** @param {ReadonlyMap<string, string>} info @returns {VirtualDisk[]} */
export function disksIn(info) {
  return imagesIn(info).filter(({ file }) => /\.(?:vdi|vmdk|vhd)$/i.test(file))
}

/** All that is in a drive or is a disk, by port. @param {ReadonlyMap<string, string>} info */
function imagesIn(info) {
  return [...info].flatMap(([key, file]) => {
    const port = /^SATA-(\d+)-0$/.exec(key)?.[1]
    if (port === undefined || file === 'none') return []
    return [{ port: Number(port), file, uuid: info.get(`SATA-ImageUUID-${port}-0`) ?? '' }]
  })
}

/** The drive at a port. @param {ReadonlyMap<string, string>} info @param {number} port */
export function driveIn(info, port) {
  const drive = imagesIn(info).find((each) => each.port === port)
  return drive?.file === 'emptydrive' ? { port } : { port, medium: drive?.file }
}

/**
 * @param {string} id
 * @param {ReadonlyMap<string, string>} info
 * @param {(disk: VirtualDisk) => string} diskFile where the disk's content lies, as qcow2
 * @returns {Promise<QemuMachine>}
 */
export async function describeMachine(id, info, diskFile) {
  const value = (/** @type {string} */ key) => info.get(key) ?? ''
  if (value('firmware') !== 'EFI64') throw new Error(`the stand-in boots EFI only, not ${value('firmware')}`)
  const settings = readFileSync(value('CfgFile'), 'utf8')
  const disks = disksIn(info)
  const drives = imagesIn(info).filter(({ port }) => !disks.some((disk) => disk.port === port))
  const order = [1, 2, 3, 4].map((place) => value(`boot${place}`))
  const bootable = [...(order.includes('disk') ? disks : []), ...(order.includes('dvd') ? drives : [])].map(
    ({ port }) => port,
  )
  const bootIndex = (/** @type {number} */ port) =>
    bootable.includes(port) ? { bootIndex: bootable.indexOf(port) } : {}
  const firmware = await prepareFirmware(machineFolder(id), 'x86_64', value('SecureBoot') === 'on')
  return {
    name: value('name'),
    uuid: value('hardwareuuid'),
    architecture: 'x86_64',
    cpus: Number(value('cpus')),
    memoryBytes: Number(value('memory')) * 1024 ** 2,
    // VirtualBox's EFI has no words for what it boots.
    firmware: { ...firmware, code: silentCode(firmware.code), console: firmwareSocket },
    ...(/<TrustedPlatformModule type="v2_0"/.test(withoutSnapshots(settings))
      ? { tpm: { stateFolder: join(machineFolder(id), 'tpm') } }
      : {}),
    disks: disks.map((disk) => ({
      bus: 'sata',
      port: disk.port,
      ...bootIndex(disk.port),
      source: { file: diskFile(disk), format: 'qcow2' },
    })),
    opticalDrives: drives.map(({ port }) => {
      const { medium } = driveIn(info, port)
      return { bus: 'sata', port, ...bootIndex(port), ...(medium === undefined ? {} : { medium }) }
    }),
    networks: cardsIn(info),
    serialPorts: [serialPort(value('uartmode1'))],
  }
}

/** @param {string} code */
function silentCode(code) {
  return code.includes('.ms.')
    ? (process.env['AZL_VBOX_FIRMWARE_SECURE'] ?? '')
    : (process.env['AZL_VBOX_FIRMWARE'] ?? '')
}

/** @param {string} settings */
function withoutSnapshots(settings) {
  return settings.replace(/<Snapshot [\s\S]*<\/Snapshot>/, '')
}

/** @param {ReadonlyMap<string, string>} info @returns {QemuMachine['networks']} */
function cardsIn(info) {
  /** @type {import('../qemu/description.mjs').NetworkCard[]} */
  const cards = []
  /** @type {import('../qemu/description.mjs').Forward[]} */
  const rules = [...info].flatMap(([key, rule]) => (key.startsWith('Forwarding(') ? [forwardOf(rule)] : []))
  for (let slot = 1; slot <= 8; slot += 1) {
    const kind = info.get(`nic${slot}`) ?? 'none'
    if (kind === 'none') continue
    if (info.get(`nictype${slot}`) !== 'virtio')
      throw new Error(`the stand-in has no card ${info.get(`nictype${slot}`)}`)
    cards.push({
      model: 'virtio-net-pci',
      mac: (info.get(`macaddress${slot}`)?.match(/../g) ?? []).join(':').toLowerCase(),
      isConnected: info.get(`cableconnected${slot}`) === 'on',
      isIsolated: kind !== 'nat',
      // VBoxManage does not say whose they are: of the first.
      ...(kind === 'nat' && !cards.some(({ forwards }) => forwards) ? { forwards: rules } : {}),
    })
  }
  return cards
}

/** `azl-vm-22,tcp,127.0.0.1,4022,,22` @param {string} rule */
function forwardOf(rule) {
  const [, , address = '', port = '', , guestPort = ''] = rule.split(',')
  return { address, port: Number(port), guestPort: Number(guestPort) }
}

/** @param {string} mode `server,/run/x.sock` @returns {import('../qemu/description.mjs').SerialEnd} */
function serialPort(mode) {
  const path = /^server,(.+)$/.exec(mode)?.[1]
  if (path === undefined) return { kind: 'null' }
  // A pipe of Windows, which a program in Wine serves; it finds the machine here.
  return { kind: 'socket', path: isAbsolute(path) ? path : 'com1.sock' }
}
