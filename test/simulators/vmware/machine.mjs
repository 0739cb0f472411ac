// @ts-check
// What a .vmx says, as a machine of QEMU; and what VMware refuses to run.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isTrue, valueOf } from './dictionary.mjs'
import { knobs } from './state.mjs'

/**
 * @typedef {import('./dictionary.mjs').Dictionary} Dictionary
 * @typedef {import('../qemu/description.mjs').QemuMachine} QemuMachine
 */

/** What VMware does not start: `said` is vmrun's, `logged` what vmware.log has of it. */
export class Refusal extends Error {
  /** @param {string} said @param {readonly string[]} logged */
  constructor(said, ...logged) {
    super(said)
    this.logged = logged
  }
}

const canceled = 'The operation was canceled'

/**
 * The machine without its firmware, which needs its run folder.
 * @param {Dictionary} vmx
 * @param {string} folder of the .vmx
 * @returns {Omit<QemuMachine, 'firmware'>}
 */
export function describe(vmx, folder) {
  refuseImpossible(vmx)
  const hasDisksFirst = bootOrder(vmx).indexOf('hdd') <= bootOrder(vmx).indexOf('cdrom')
  const disks = devices(vmx, /^nvme0:\d+$/).map((device) => diskOf(vmx, device, folder))
  const optical = devices(vmx, /^sata0:\d+$/).filter((device) =>
    /^cdrom-/.test(valueOf(vmx, `${device}.deviceType`) ?? ''),
  )
  const [firstDisk, firstOptical] = hasDisksFirst ? [0, disks.length] : [optical.length, 0]
  return {
    name: valueOf(vmx, 'displayName') ?? 'virtual machine',
    uuid: uuidOf(valueOf(vmx, 'uuid.bios') ?? ''),
    architecture: 'x86_64',
    cpus: number(vmx, 'numvcpus', 1),
    memoryBytes: number(vmx, 'memsize', 32) * 1024 ** 2,
    disks: disks.map((disk, index) => ({ ...disk, bootIndex: firstDisk + index })),
    opticalDrives: optical.map((device, index) => {
      const medium = mediumOf(vmx, device)
      return {
        bus: 'sata',
        port: numberOf(device),
        bootIndex: firstOptical + index,
        ...(medium === undefined ? {} : { medium: resolve(folder, medium) }),
      }
    }),
    networks: devices(vmx, /^ethernet\d+$/).map((device) => cardOf(vmx, device)),
    serialPorts: devices(vmx, /^serial\d+$/).map((device) => serialOf(vmx, device)),
  }
}

/** @param {Dictionary} vmx */
function refuseImpossible(vmx) {
  if (valueOf(vmx, 'config.version') !== '8') throw new Refusal('The configuration file version is not supported')
  if (Number(valueOf(vmx, 'virtualHW.version')) > 22)
    throw new Refusal(canceled, '[msg.vmx.hwversion.toonew] (assumed)')
  if (valueOf(vmx, 'firmware') !== 'efi') throw new Error('this stand-in boots EFI only')
  if ((valueOf(vmx, 'guestOS') ?? '').startsWith('arm-'))
    throw new Refusal(canceled, '[msg.vmx.arch.mismatch] a guest of another architecture (assumed)')
  // Each PCIe device needs a function of a root port; without any there is no slot.
  if (!isTrue(vmx, 'pciBridge4.present') || valueOf(vmx, 'pciBridge4.virtualDev') !== 'pcieRootPort')
    throw new Refusal(canceled, '[msg.pci.noslotavail] No PCI slot is available for nvme0.')
  const memory = number(vmx, 'memsize', 32)
  if (memory % 4 !== 0)
    throw new Refusal(canceled, `[msg.mainmem.badsize] memsize ${memory} is not a multiple of 4 (assumed)`)
}

/** @param {Dictionary} vmx */
const bootOrder = (vmx) => (valueOf(vmx, 'bios.bootOrder') ?? 'hdd,cdrom').split(',')

/** The devices that are present, by number. @param {Dictionary} vmx @param {RegExp} pattern @returns {string[]} */
export function devices(vmx, pattern) {
  return [...vmx.keys()]
    .filter((key) => key.endsWith('.present') && isTrue(vmx, key))
    .map((key) => key.slice(0, -'.present'.length))
    .filter((device) => pattern.test(device))
    .filter((device) => !device.includes(':') || isTrue(vmx, `${device.split(':')[0]}.present`))
    .sort((a, b) => numberOf(a) - numberOf(b))
}

/** @param {string} device */
const numberOf = (device) => Number(/\d+$/.exec(device)?.[0])

/** @param {Dictionary} vmx @param {string} key @param {number} otherwise */
const number = (vmx, key, otherwise) => Number(valueOf(vmx, key) ?? otherwise)

/** @param {Dictionary} vmx @param {string} device @param {string} folder @returns {import('../qemu/description.mjs').Disk} */
function diskOf(vmx, device, folder) {
  const file = resolve(folder, valueOf(vmx, `${device}.fileName`) ?? '')
  if (!existsSync(file))
    throw new Refusal(canceled, `Cannot open the disk '${file}' or one of the snapshot disks it depends on.`)
  // QEMU writes no memory to a file with an NVMe disk in the machine.
  const bus = knobs()['canHoldMemory'] === true ? 'virtio' : 'nvme'
  return { bus, port: numberOf(device), source: { file, format: 'vmdk' } }
}

/** What is in a drive at power-on. @param {Dictionary} vmx @param {string} device */
export function mediumOf(vmx, device) {
  const isImage = valueOf(vmx, `${device}.deviceType`) === 'cdrom-image'
  const isConnected = (valueOf(vmx, `${device}.startConnected`) ?? 'TRUE').toUpperCase() === 'TRUE'
  const file = valueOf(vmx, `${device}.fileName`) ?? ''
  // A missing image is no reason not to start: the drive is not connected.
  return isImage && isConnected && existsSync(file) ? file : undefined
}

const connectionTypes = ['nat', 'hostonly', 'bridged', 'pvn', 'custom']

/** @param {Dictionary} vmx @param {string} device @returns {import('../qemu/description.mjs').NetworkCard} */
function cardOf(vmx, device) {
  const model = valueOf(vmx, `${device}.virtualDev`)
  const type = valueOf(vmx, `${device}.connectionType`) ?? 'bridged'
  const mac = valueOf(vmx, `${device}.address`) ?? ''
  if (model !== 'e1000e' && model !== 'vmxnet3') throw new Error(`this stand-in has no ${model}`)
  if (!connectionTypes.includes(type))
    throw new Refusal(canceled, `Invalid connection type "${type}" for ${device}. (assumed)`)
  if (type === 'pvn' && valueOf(vmx, `${device}.pvnID`) === undefined)
    throw new Refusal(canceled, `${device} is on a LAN segment without a pvnID. (assumed)`)
  const isChecked = (valueOf(vmx, `${device}.checkMACAddress`) ?? 'TRUE').toUpperCase() === 'TRUE'
  if (isChecked && !/^00:50:56:[0-3][0-9a-f]:/i.test(mac))
    throw new Refusal(canceled, `[msg.ethernet.badaddress] "${mac}" is not an allowed static Ethernet address.`)
  return { model, mac, isConnected: true, isIsolated: type !== 'nat' && type !== 'bridged' }
}

/** @param {Dictionary} vmx @param {string} device @returns {import('../qemu/description.mjs').SerialEnd} */
function serialOf(vmx, device) {
  const type = valueOf(vmx, `${device}.fileType`)
  const path = valueOf(vmx, `${device}.fileName`) ?? ''
  const isConnected = (valueOf(vmx, `${device}.startConnected`) ?? 'TRUE').toUpperCase() === 'TRUE'
  // network.endPoint belongs to ESXi's fileType "network".
  if (type !== 'pipe' || !isConnected || valueOf(vmx, `${device}.pipe.endPoint`) !== 'server') return { kind: 'null' }
  return { kind: 'socket', path }
}

/** `56 4d 12 34 56 78 9a bc-de f0 …` @param {string} spaced */
function uuidOf(spaced) {
  const digits = spaced.replace(/[^0-9a-f]/gi, '')
  if (digits.length !== 32) throw new Refusal(canceled, `uuid.bios "${spaced}" is no UUID. (assumed)`)
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
