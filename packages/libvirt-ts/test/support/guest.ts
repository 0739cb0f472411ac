/** A guest of 512 bytes, and the XML around it: greets on the serial port, echoes what is typed, powers off at `q`. */

/**
 * Assembled from 16-bit code: print "GUEST-READY" to COM1; then echo each byte that comes; `q` writes 0x2000 to
 * ACPI's port 0x604, which is off on q35.
 */
const code =
  'fa31c08ed8be417cfcac84c07405e81700ebf6bafd03eca80174f8baf803ec3c717414e80200ebeb50bafd03eca82074f858baf803eec3' +
  'ba0406b80020eff4ebfd47554553542d52454144590d0a00'

/** A disk of 1 MiB that starts with it. */
export function bootDisk(): Uint8Array {
  const disk = new Uint8Array(1 << 20)
  disk.set(Buffer.from(code, 'hex'))
  disk.set([0x55, 0xaa], 510)
  return disk
}

export interface GuestSettings {
  readonly name: string
  readonly disk?: string
  readonly uefi?: boolean
  readonly tpm?: boolean
}

export function guestXml({ name, disk, uefi = false, tpm = false }: GuestSettings): string {
  const firmware = `<firmware><feature enabled='no' name='secure-boot'/><feature enabled='no' name='enrolled-keys'/></firmware>`
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os${uefi ? " firmware='efi'" : ''}><type arch='x86_64' machine='q35'>hvm</type>${uefi ? firmware : ''}<boot dev='hd'/></os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    ${disk === undefined ? '' : `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='sda' bus='sata'/></disk>`}
    ${tpm ? "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>" : ''}
    <serial type='pty'/>
    <video><model type='vga'/></video>
    <graphics type='vnc'/>
  </devices>
</domain>`
}

export const poolXml = (name: string, path: string): string =>
  `<pool type='dir'><name>${name}</name><target><path>${path}</path></target></pool>`

export const volumeXml = (name: string, bytes: number, format = 'raw'): string =>
  `<volume><name>${name}</name><capacity unit='bytes'>${bytes}</capacity><target><format type='${format}'/></target></volume>`

/** Nothing is taken from the disk before something is written. */
export const sparseVolumeXml = (name: string, bytes: number): string =>
  volumeXml(name, bytes).replace('<target>', "<allocation unit='bytes'>0</allocation><target>")
