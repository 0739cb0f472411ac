/**
 * Reads what EDK2 (OVMF, AAVMF) writes on the serial port while it boots. Several hypervisors use this firmware.
 * The lines come from its BdsDxe driver (MdeModulePkg/Universal/BdsDxe/BdsEntry.c); seen in Debian 12's builds.
 */
import type { BootOutcome, BootWatch } from './contract.ts'

const startingPattern = /BdsDxe: starting (Boot[0-9A-F]{4}) "([^"]*)" from (.*)/ // BdsDxe: starting Boot0001 "UEFI QEMU DVD-ROM QM00005 " from PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x2,0xFFFF,0x0)
const deniedPattern = /BdsDxe: failed to load Boot[0-9A-F]{4} .*: Access Denied/ // BdsDxe: failed to load Boot0001 "UEFI QEMU DVD-ROM QM00005 " from PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x2,0xFFFF,0x0): Access Denied
const nothingPattern = /BdsDxe: No bootable option or device was found/ // BdsDxe: No bootable option or device was found.
const crashPattern = /!!!! (?:X64|AArch64|ARM64|IA32|RISCV64) Exception Type|ASSERT(?:_EFI_ERROR)? \[\w+\]/ // !!!! X64 Exception Type - 0D(#GP - General Protection)  CPU Apic ID - 00000000 !!!!

/** A device path that ends in the firmware volume is the firmware's own shell or menu, not a medium. */
const firmwareVolumePattern = /^Fv\(/ // Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04A583-9E3E-4F1C-AD65-E05268D0B4D1)

const maxLine = 4096

export class Edk2BootWatch implements BootWatch {
  #rest = ''
  #denied: string | undefined
  readonly #evidence: string[] = []

  feed(text: string): BootOutcome | undefined {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/)
    this.#rest = (lines.pop() ?? '').slice(-maxLine)
    for (const line of lines) {
      const outcome = this.#look(line)
      if (outcome) return outcome
    }
    return undefined
  }

  #look(line: string): BootOutcome | undefined {
    if (line.includes('BdsDxe: ') && this.#evidence.length < 20) this.#evidence.push(cleanLine(line))
    if (deniedPattern.test(line)) this.#denied = cleanLine(line)
    if (crashPattern.test(line)) return { is: 'refused', why: 'firmware-crash', evidence: [cleanLine(line)] }
    if (nothingPattern.test(line)) return this.#refused()
    const starting = startingPattern.exec(line)
    if (!starting) return undefined
    const [, , name = '', devicePath = ''] = starting
    if (firmwareVolumePattern.test(devicePath)) return this.#refused()
    return { is: 'left-for', target: targetOf(name), name: name.trim(), evidence: [cleanLine(line)] }
  }

  #refused(): BootOutcome {
    return {
      is: 'refused',
      why: this.#denied === undefined ? 'nothing-bootable' : 'secure-boot',
      evidence: this.#evidence,
    }
  }
}

/** EDK2 names an optical drive after its model (QEMU: `QEMU DVD-ROM`, VMware: `VMware Virtual SATA CDROM Drive`). */
function targetOf(name: string): 'installer' | 'disk' | 'other' {
  if (/DVD|CD-?ROM|optical/i.test(name)) return 'installer' // UEFI QEMU DVD-ROM QM00005
  if (/PXE|HTTP|Network/i.test(name)) return 'other' // UEFI PXEv4 (MAC:525400123456)
  return 'disk'
}

/** A serial line without terminal sequences and space around it. */
export function cleanLine(line: string): string {
  // The firmware clears its screen and sets colours on the same port.
  // eslint-disable-next-line no-control-regex -- ESC [ … is what has to go
  return line.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '').trim()
}
