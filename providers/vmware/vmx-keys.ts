/**
 * Every key that azl-vm writes into a .vmx, the values that it may have, and who says so. VMware takes any key in silence,
 * so a misspelled one is only found by looking it up here.
 */
import type { VmxEntries } from './vmx-file.ts'

export interface KnownKey {
  /** `#` stands for a number. */
  readonly key: string
  readonly values: RegExp
  /** Where the key and its values are from; what nobody tells is called assumed. */
  readonly source: string
}

const packer = 'packer-plugin-vmware builder/vmware/iso/step_create_vmx.go'
const libvirt = 'libvirt src/vmx/vmx.c'
const facts = 'components.md section 10 (users’ reports)'
const isTrue = /^TRUE$/
const isFalse = /^FALSE$/
const isBoolean = /^(?:TRUE|FALSE)$/
const isNumber = /^[1-9]\d*$/
const isFile = /^[^\0]+$/
/** `56 4d 12 …-… 9a`: 16 bytes, the halves joined by a hyphen. */
const isUuid = /^(?:[0-9a-f]{2} ){7}[0-9a-f]{2}-(?:[0-9a-f]{2} ){7}[0-9a-f]{2}$/

export const knownKeys: readonly KnownKey[] = [
  { key: '.encoding', values: /^UTF-8$/, source: packer },
  { key: 'config.version', values: /^8$/, source: packer },
  { key: 'virtualHW.version', values: /^2[0-2]$/, source: `${packer}; which product has which: ${facts}` },
  { key: 'virtualHW.productCompatibility', values: /^hosted$/, source: packer },
  { key: 'displayName', values: /^[A-Za-z0-9._-]+$/, source: libvirt },
  {
    key: 'azlvm.mark',
    values: /^\{.*\}$/,
    source: 'a key of azl-vm; VMware keeps keys that it does not know (assumed)',
  },
  {
    key: 'guestOS',
    values: /^(?:arm-)?other6xlinux-64$/,
    source: 'vmcli VM Create -g in public scripts for Workstation and Fusion',
  },
  { key: 'firmware', values: /^efi$/, source: libvirt },
  { key: 'uefi.secureBoot.enabled', values: isBoolean, source: packer },
  { key: 'efi.serialConsole.enabled', values: isFalse, source: `public .vmx builders; ${facts}` },
  { key: 'memsize', values: isNumber, source: `${libvirt} (MiB, a multiple of 4)` },
  { key: 'numvcpus', values: isNumber, source: libvirt },
  { key: 'cpuid.coresPerSocket', values: isNumber, source: libvirt },
  { key: 'vhv.enable', values: isBoolean, source: packer },
  { key: 'nvram', values: isFile, source: packer },
  { key: 'extendedConfigFile', values: isFile, source: packer },
  { key: 'uuid.bios', values: isUuid, source: libvirt },
  { key: 'uuid.action', values: /^keep$/, source: 'public .vmx builders: keep answers “moved or copied?”' },
  { key: 'msg.autoAnswer', values: isTrue, source: 'public .vmx builders: dialogs get their default answer' },
  { key: 'bios.bootOrder', values: /^hdd,cdrom$/, source: packer },
  {
    key: 'pciBridge#.present',
    values: isTrue,
    source: `${packer}; without root ports [msg.pci.noslotavail]: ${facts}`,
  },
  { key: 'pciBridge#.virtualDev', values: /^pcieRootPort$/, source: packer },
  { key: 'pciBridge#.functions', values: /^8$/, source: packer },
  { key: 'usb_xhci.present', values: isTrue, source: 'public .vmx of Fusion on Apple silicon' },
  { key: 'floppy0.present', values: isFalse, source: packer },
  { key: 'sound.present', values: isFalse, source: packer },
  { key: 'nvme#.present', values: isTrue, source: packer },
  { key: 'nvme#:#.present', values: isTrue, source: packer },
  { key: 'nvme#:#.fileName', values: isFile, source: packer },
  { key: 'sata#.present', values: isTrue, source: packer },
  { key: 'sata#:#.present', values: isTrue, source: packer },
  { key: 'sata#:#.deviceType', values: /^cdrom-(?:image|raw)$/, source: libvirt },
  { key: 'sata#:#.fileName', values: isFile, source: libvirt },
  { key: 'sata#:#.startConnected', values: isBoolean, source: libvirt },
  { key: 'sata#:#.autodetect', values: isTrue, source: 'packer-plugin-vmware common/step_configure_vmx.go' },
  { key: 'ethernet#.present', values: isTrue, source: libvirt },
  { key: 'ethernet#.startConnected', values: isTrue, source: libvirt },
  { key: 'ethernet#.virtualDev', values: /^(?:e1000e|vmxnet3)$/, source: libvirt },
  { key: 'ethernet#.connectionType', values: /^(?:nat|hostonly|bridged|pvn)$/, source: `${libvirt}; pvn: ${facts}` },
  { key: 'ethernet#.pvnID', values: isUuid, source: facts },
  { key: 'ethernet#.addressType', values: /^static$/, source: libvirt },
  { key: 'ethernet#.address', values: /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/, source: libvirt },
  { key: 'ethernet#.checkMACAddress', values: isFalse, source: `${libvirt}: addresses outside of VMware’s ranges` },
  { key: 'serial0.present', values: isTrue, source: packer },
  { key: 'serial0.startConnected', values: isTrue, source: packer },
  { key: 'serial0.fileType', values: /^pipe$/, source: packer },
  { key: 'serial0.fileName', values: isFile, source: packer },
  { key: 'serial0.pipe.endPoint', values: /^server$/, source: `${packer}; network.endPoint is ESXi’s: ${facts}` },
  { key: 'serial0.tryNoRxLoss', values: isTrue, source: `${packer}; what TRUE does: assumed` },
  { key: 'serial0.yieldOnMsrRead', values: isTrue, source: packer },
]

/** The entries, every one of which is known; what is not is a bug of ours. */
export function requireKnown(entries: VmxEntries): VmxEntries {
  for (const [key, value] of entries) {
    const known = knownKeys.find((each) => each.key === key.replace(/(?<=[a-z]|:)\d+/g, '#') || each.key === key)
    if (!known?.values.test(value)) throw new Error(`no line for a .vmx: ${key} = ${JSON.stringify(value)}`)
  }
  return entries
}
