// @ts-check
import { driveId, ownNames, serialId } from './description.mjs'
import { linuxPath } from './linux.mjs'

/**
 * @typedef {import('./description.mjs').QemuMachine} QemuMachine
 * @typedef {import('./description.mjs').Disk} Disk
 * @typedef {import('./description.mjs').OpticalDrive} OpticalDrive
 * @typedef {import('./description.mjs').Place} Place
 * @typedef {import('./description.mjs').SerialEnd} SerialEnd
 */

/** @param {QemuMachine} machine */
export const qemuProgram = ({ architecture }) => `qemu-system-${architecture}`

/**
 * The command line of a described machine. It is paused; paths of sockets are relative to the run folder.
 * @param {QemuMachine} machine
 * @returns {string[]}
 */
export function qemuArguments(machine) {
  const { controlSocket, runnerSocket, memoryFile } = machine.names ?? ownNames
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-name', file(machine.name), '-uuid', machine.uuid],
    ...board(machine),
    ...['-smp', String(machine.cpus), '-m', `${Math.floor(machine.memoryBytes / 1024 ** 2)}M`],
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${file(machine.firmware.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${file(machine.firmware.variables)}`],
    // Only what stands in the boot order is tried.
    ...['-boot', 'strict=on'],
    ...['-qmp', `unix:${controlSocket},server=on,wait=off`, '-qmp', `unix:${runnerSocket},server=on,wait=off`],
    ...machine.serialPorts.flatMap((end, index) => serialPort(machine, end, index)),
    ...firmwareConsole(machine.firmware),
    ...(machine.tpm === undefined ? [] : tpm(machine)),
    ...controllers(machine),
    ...machine.disks.flatMap(disk),
    ...machine.opticalDrives.flatMap(opticalDrive),
    ...machine.networks.flatMap(networkCard),
    ...(machine.hasMemoryFile === true ? ['-incoming', `exec:cat ${memoryFile}`] : []),
  ]
}

/** @param {QemuMachine} machine */
function board({ architecture, firmware }) {
  if (architecture === 'aarch64')
    return [
      ...['-machine', 'virt,accel=tcg', '-cpu', 'cortex-a57'],
      ...['-device', 'ramfb', '-device', 'qemu-xhci', '-device', 'usb-kbd'],
    ]
  return [
    // 12 % faster than max without KVM (seen).
    ...['-machine', `q35,smm=${firmware.hasSecureBoot ? 'on' : 'off'},accel=tcg`, '-cpu', 'qemu64'],
    ...(firmware.hasSecureBoot ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-device', 'VGA,addr=1', '-device', 'virtio-keyboard-pci'],
  ]
}

/**
 * @param {QemuMachine} machine
 * @param {SerialEnd} end
 * @param {number} index
 */
function serialPort({ architecture }, end, index) {
  const id = serialId(index)
  const chardev = ['-chardev', `${chardevOptions(end)},id=${id}`]
  if (architecture === 'x86_64') return [...chardev, '-device', `isa-serial,chardev=${id},index=${index}`]
  return [...chardev, ...(index === 0 ? ['-serial', `chardev:${id}`] : ['-device', `pci-serial,chardev=${id}`])]
}

/** At the place that silent-firmware.ts has the firmware look at; no guest looks there. @param {QemuMachine['firmware']} firmware */
function firmwareConsole({ console }) {
  if (console === undefined) return []
  const chardev = `${chardevOptions({ kind: 'socket', path: console })},id=firmware`
  return ['-chardev', chardev, '-device', 'isa-serial,chardev=firmware,index=2,iobase=0xfe0,irq=10']
}

/** @param {SerialEnd} end */
function chardevOptions(end) {
  if (end.kind === 'socket') return `socket,path=${file(end.path)},server=on,wait=off`
  return end.kind === 'file' ? `file,path=${file(end.path)}` : 'null'
}

/**
 * The command that runs a machine's TPM, in the run folder; a ready file of an earlier one is to be gone before.
 * @param {NonNullable<QemuMachine['tpm']>} tpm
 * @param {import('./description.mjs').Names} [names]
 * @returns {[program: string, ...args: string[]]}
 */
export function tpmCommand({ stateFolder }, { tpmSocket, tpmReadyFile } = ownNames) {
  return [
    'swtpm',
    ...['socket', '--tpm2', '--tpmstate', `dir=${linuxPath(stateFolder)}`],
    ...['--ctrl', `type=unixio,path=${tpmSocket}`, '--pid', `file=${tpmReadyFile}`],
  ]
}

/** @param {QemuMachine} machine */
function tpm({ architecture, names = ownNames }) {
  const device = architecture === 'aarch64' ? 'tpm-tis-device' : 'tpm-crb'
  return [
    '-chardev',
    `socket,id=tpm,path=${names.tpmSocket}`,
    '-tpmdev',
    'emulator,id=tpm0,chardev=tpm',
    '-device',
    `${device},tpmdev=tpm0`,
  ]
}

/** As many as a controller of the board's has, and one of Hyper-V's. */
const [sataPorts, scsiPorts] = [6, 64]

/** The board of x86_64 has a SATA controller; all else is added. @param {QemuMachine} machine */
function controllers({ architecture, disks, opticalDrives }) {
  const drives = [...disks, ...opticalDrives]
  const numbers = (/** @type {Place['bus']} */ wanted, /** @type {number} */ ports) => [
    ...new Set(drives.filter(({ bus }) => bus === wanted).map(({ port }) => Math.floor(port / ports))),
  ]
  const sata = numbers('sata', sataPorts).filter((number) => architecture !== 'x86_64' || number > 0)
  return [
    ...sata.flatMap((number) => ['-device', `ich9-ahci,id=sata${number}`]),
    ...numbers('scsi', scsiPorts).flatMap((number) => ['-device', `virtio-scsi-pci,id=scsi${number}`]),
  ]
}

/** @param {Disk} disk */
function disk(disk) {
  const { source, serial, bus } = disk
  const id = driveId(disk)
  const node =
    'file' in source
      ? `driver=${source.format},node-name=n-${id},file.driver=file,file.filename=${file(source.file)}`
      : `driver=nbd,node-name=n-${id},server.type=unix,server.path=${file(source.nbdSocket)},export=${source.exportName}`
  const model = { sata: 'ide-hd', scsi: 'scsi-hd', nvme: 'nvme', virtio: 'virtio-blk-pci' }[bus]
  // An NVMe disk must have one.
  const number = serial ?? (bus === 'nvme' ? id : undefined)
  const named = number === undefined ? '' : `,serial=${file(number)}`
  return ['-blockdev', node, '-device', `${model},id=${id},drive=n-${id}${onBus(disk)}${named}${bootIndex(disk)}`]
}

/** @param {OpticalDrive} drive */
function opticalDrive(drive) {
  if (drive.bus !== 'sata' && drive.bus !== 'scsi') throw new Error(`no optical drive on ${drive.bus}`)
  const id = driveId(drive)
  // Not read-only as a node of its own: a drive is what media are changed in.
  const medium =
    drive.medium === undefined
      ? []
      : ['-drive', `if=none,id=n-${id},media=cdrom,readonly=on,format=raw,file=${file(drive.medium)}`]
  const filled = drive.medium === undefined ? '' : `,drive=n-${id}`
  return [
    ...medium,
    '-device',
    `${drive.bus === 'sata' ? 'ide-cd' : 'scsi-cd'},id=${id}${onBus(drive)}${filled}${bootIndex(drive)}`,
  ]
}

/** @param {Place} place */
function onBus({ bus, port }) {
  // A target for each port: OVMF looks at 32 targets and at 8 units of each.
  if (bus === 'scsi') return `,bus=scsi${Math.floor(port / scsiPorts)}.0,channel=0,scsi-id=${port % scsiPorts},lun=0`
  if (bus !== 'sata') return ''
  const controller = Math.floor(port / sataPorts)
  return `,bus=${controller === 0 ? 'ide' : `sata${controller}`}.${port % sataPorts}`
}

/**
 * @param {import('./description.mjs').NetworkCard} card
 * @param {number} index
 */
function networkCard(card, index) {
  const forwards = (card.forwards ?? []).map(
    ({ address, port, guestPort }) => `,hostfwd=tcp:${address}:${port}-:${guestPort}`,
  )
  const way = card.isConnected
    ? `user,id=n${index}${card.isIsolated === true ? ',restrict=on' : ''}${forwards.join('')}`
    : `hubport,id=n${index},hubid=${index}`
  // EDK2 has a driver for virtio; the others bring theirs, which is QEMU's own for the card.
  const rom = card.model === 'virtio-net-pci' ? ',romfile=' : ''
  return [
    '-netdev',
    way,
    '-device',
    `${card.model},id=nic${index},netdev=n${index},mac=${card.mac}${rom}${bootIndex(card)}`,
  ]
}

/** @param {{ readonly bootIndex?: number | undefined }} place */
function bootIndex({ bootIndex: index }) {
  return index === undefined ? '' : `,bootindex=${index}`
}

/** A comma in an option's value is doubled. @param {string} path */
function file(path) {
  return linuxPath(path).replaceAll(',', ',,')
}
