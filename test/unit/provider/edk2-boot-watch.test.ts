import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { assetPath } from '../../../src/assets.ts'
import { Edk2BootWatch } from '../../../src/provider/edk2-boot-watch.ts'
import type { BootOutcome } from '../../../src/provider/contract.ts'

// As OVMF 2022.11 (Debian 12) writes them.
const drive = '"UEFI QEMU DVD-ROM QM00005 " from PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x2,0xFFFF,0x0)'
const disk = '"UEFI Misc Device" from PciRoot(0x0)/Pci(0x2,0x1)/Pci(0x0,0x0)'
const shell =
  'BdsDxe: loading Boot0003 "EFI Internal Shell" from Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04A583-9E3E-4F1C-AD65-E05268D0B4D1)\r\n' +
  'BdsDxe: starting Boot0003 "EFI Internal Shell" from Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)/FvFile(7C04A583-9E3E-4F1C-AD65-E05268D0B4D1)\r\n'
const clear = '\u001b[2J\u001b[01;01H\u001b[=3h\u001b[2J\u001b[01;01H'
const emptyDisk = `BdsDxe: loading Boot0001 ${disk}\r\nBdsDxe: failed to load Boot0001 ${disk}: Not Found\r\n`
const denied = `BdsDxe: loading Boot0002 ${drive}\r\nBdsDxe: failed to load Boot0002 ${drive}: Access Denied\r\n`
const nothing =
  'BdsDxe: No bootable option or device was found.\r\nBdsDxe: Press any key to enter the Boot Manager Menu.\r\n'

/** The outcome of a text that comes in pieces of `size`. */
function outcomeOf(text: string, size: number): BootOutcome | undefined {
  const watch = new Edk2BootWatch()
  for (let at = 0; at < text.length; at += size) {
    const outcome = watch.feed(text.slice(at, at + size))
    if (outcome) return outcome
  }
  return undefined
}

const cases = [
  {
    what: 'the installer after an empty disk',
    text: `${clear}${emptyDisk}BdsDxe: loading Boot0002 ${drive}\r\nBdsDxe: starting Boot0002 ${drive}\r\n`,
    outcome: { is: 'left-for', target: 'installer', name: 'UEFI QEMU DVD-ROM QM00005' },
  },
  {
    what: 'an installed disk',
    text: 'BdsDxe: starting Boot0001 "Azure Linux" from HD(1,GPT,0000)/\\EFI\\azurelinux\\shimx64.efi\r\n',
    outcome: { is: 'left-for', target: 'disk', name: 'Azure Linux' },
  },
  {
    what: 'the network',
    text: 'BdsDxe: starting Boot0004 "UEFI PXEv4 (MAC:525400123456)" from PciRoot(0x0)/Pci(0x3,0x0)\r\n',
    outcome: { is: 'left-for', target: 'other' },
  },
  {
    what: 'Secure Boot’s refusal, then nothing',
    text: clear + emptyDisk + denied + nothing,
    outcome: { is: 'refused', why: 'secure-boot' },
  },
  {
    what: 'Secure Boot’s refusal, then the firmware’s own shell',
    text: denied + shell,
    outcome: { is: 'refused', why: 'secure-boot' },
  },
  { what: 'the firmware’s own shell', text: emptyDisk + shell, outcome: { is: 'refused', why: 'nothing-bootable' } },
  { what: 'nothing at all', text: emptyDisk + nothing, outcome: { is: 'refused', why: 'nothing-bootable' } },
  {
    what: 'an exception of the processor',
    text: `${emptyDisk}!!!! X64 Exception Type - 0D(#GP - General Protection)  CPU Apic ID - 00000000 !!!!\r\n`,
    outcome: { is: 'refused', why: 'firmware-crash' },
  },
  {
    what: 'a failed assertion',
    text: 'ASSERT_EFI_ERROR [DxeCore] /build/edk2/MdePkg/Library/BaseLib/X64.c(12): Status\r\n',
    outcome: { is: 'refused', why: 'firmware-crash' },
  },
] as const

describe('the boot watch for EDK2', () => {
  test.each(cases)('tells $what, wherever the text is cut', ({ text, outcome }) => {
    for (const size of [1, 2, 5, 16, 61, text.length]) expect(outcomeOf(text, size)).toMatchObject(outcome)
  })

  test('an empty disk, and a start that was not told to its end, decide nothing', () => {
    expect(outcomeOf(clear + emptyDisk, 7)).toBeUndefined()
    expect(outcomeOf(`${emptyDisk}BdsDxe: starting Boot0002 ${drive}`, 7)).toBeUndefined()
  })

  test('the evidence is the firmware’s own lines, without terminal sequences', () => {
    const outcome = outcomeOf(clear + emptyDisk + denied + nothing, 3)
    expect(outcome?.evidence[0]).toBe(`BdsDxe: loading Boot0001 ${disk}`)
    expect(outcome?.evidence.join('\n')).toContain('Access Denied')
  })

  test('reads what a real firmware wrote', async () => {
    const text = await readFile(
      assetPath('packages', 'boot-probe', 'test', 'fixtures', 'q35-tpm-nvme-virtio.serial.txt'),
      'latin1',
    )
    expect(outcomeOf(text, 61)).toMatchObject({ is: 'left-for', target: 'installer' })
  })

  test('a guest that writes without line ends does not fill the memory', () => {
    const watch = new Edk2BootWatch()
    for (let index = 0; index < 1000; index++) expect(watch.feed('x'.repeat(10_000))).toBeUndefined()
    expect(watch.feed(`\r\nBdsDxe: starting Boot0002 ${drive}\r\n`)).toMatchObject({ is: 'left-for' })
  })
})
