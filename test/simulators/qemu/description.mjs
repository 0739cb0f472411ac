// @ts-check
// A machine as a hypervisor's double describes it to QEMU: what was configured there, and nothing else.

/**
 * @typedef {'x86_64' | 'aarch64'} Architecture
 *
 * @typedef {object} Firmware
 * @property {string} code read-only
 * @property {string} variables the machine's own copy of the variable store; the guest writes it
 * @property {boolean} hasSecureBoot x86_64: the build that keeps its variables behind SMM
 * @property {string} [console] x86_64, firmware that leaves COM1 alone: the socket where it speaks, see silent-firmware.ts
 *
 * Where a disk's bytes are: a file of one of QEMU's formats, or an export of a server that several share.
 * @typedef {{ readonly file: string, readonly format: 'raw' | 'qcow2' | 'vdi' | 'vmdk' | 'vpc' | 'vhdx' }} DiskFile
 * @typedef {{ readonly nbdSocket: string, readonly exportName: string }} DiskExport
 *
 * @typedef {object} Place
 * @property {'sata' | 'nvme' | 'scsi' | 'virtio'} bus
 * @property {number} port its number on the bus, from 0; six SATA ports make a controller, and 64 of SCSI
 * @property {string} [id] what the monitor calls the device; without one {@link driveId} makes it
 * @property {number} [bootIndex] when it is tried, from 0; without one never
 *
 * @typedef {Place & { readonly source: DiskFile | DiskExport, readonly serial?: string }} Disk
 * @typedef {Place & { readonly medium?: string }} OpticalDrive an ISO's path; without one the drive is empty
 *
 * @typedef {object} NetworkCard
 * @property {'virtio-net-pci' | 'e1000e' | 'vmxnet3'} model
 * @property {string} mac with colons
 * @property {boolean} isConnected false: the cable is not plugged in
 * @property {readonly Forward[]} [forwards]
 * @property {boolean} [isIsolated] the guest reaches nobody, and only forwards reach it
 * @property {number} [bootIndex]
 *
 * @typedef {{ readonly address: string, readonly port: number, readonly guestPort: number }} Forward TCP, on the host's side an address and a port
 *
 * What is behind a serial port. A socket is served, and what is said while nobody is connected is lost.
 * @typedef {{ readonly kind: 'socket', readonly path: string } | { readonly kind: 'file', readonly path: string } | { readonly kind: 'null' }} SerialEnd
 *
 * @typedef {object} QemuMachine
 * @property {string} name
 * @property {string} uuid as the guest sees it
 * @property {Architecture} architecture
 * @property {number} cpus
 * @property {number} memoryBytes
 * @property {Firmware} firmware
 * @property {{ readonly stateFolder: string } | undefined} [tpm] TPM 2.0; swtpm keeps its state in the folder
 * @property {readonly Disk[]} disks
 * @property {readonly OpticalDrive[]} opticalDrives
 * @property {readonly NetworkCard[]} networks
 * @property {readonly SerialEnd[]} serialPorts x86_64: COM1 and on; aarch64: the PL011, then 16550s on PCI
 * @property {boolean} [hasMemoryFile] the machine goes on from what the memory file in its run folder holds
 * @property {Names} [names] of a double that does without run.mjs and control.mjs, which know {@link ownNames} only
 *
 * @typedef {object} Names in the machine's run folder, which QEMU works in: relative ones are short enough for a socket
 * @property {string} controlSocket
 * @property {string} runnerSocket whoever runs the machine has a monitor of its own: QEMU serves one client on each
 * @property {string} tpmSocket
 * @property {string} tpmReadyFile there when the TPM listens
 * @property {string} memoryFile
 */

export const controlSocket = 'control.sock'
export const runnerSocket = 'runner.sock'
export const tpmReadyFile = 'tpm.pid'
export const memoryFile = 'memory.bin'

/** @type {Names} */
export const ownNames = { controlSocket, runnerSocket, tpmSocket: 'tpm.sock', tpmReadyFile, memoryFile }

/** @param {number} index from 0 */
export const serialId = (index) => `serial${index}`

/** @param {Place} place */
export const driveId = ({ bus, port, id }) => id ?? `${bus}-drive${port}`
