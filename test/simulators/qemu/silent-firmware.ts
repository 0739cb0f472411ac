/**
 * OVMF that leaves COM1 alone, as Hyper-V's firmware does (hyperv.md section 6) and VMware's where the .vmx says so. Debian's
 * OVMF makes the port a console in every boot, whatever its variables say: SioBusDxe names COM1's ports in a table,
 * SerialDxe finds a UART there. A copy of the firmware has that table say a place where only the doubles listen; the
 * guest's own UART stays where it was. It waits for no TPM where there is none, either.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { execa } from 'execa'

/** An LZMA-compressed section (edk2 MdeModulePkg LzmaCustomDecompress.h), as its GUID lies in the file. */
const lzmaSection = Buffer.from('98584eee143959429d6edc7bd79403cf', 'hex')

/** ACPI's fixed-location I/O descriptor of 8 ports at 0x3F8: COM1 in SioBusDxe's table (OvmfPkg/SioBusDxe). */
const com1 = Buffer.from('4bf80308', 'hex')

/** The same at 0xFE0, where QEMU's q35 has nothing by itself. */
const ownPlace = Buffer.from('4be00f08', 'hex')

/**
 * How its 32-bit part looks whether a TPM answers (edk2 SecurityPkg, TisPcPresenceCheck): it reads the TPM's first register
 * and takes 0xFF, which real boards read where nobody answers, for nobody. QEMU reads 0 there, and the firmware then waits
 * 1.7 s, with the processor busy, for a TPM that is not there; no TPM's register reads 0 (its valid bit is always set).
 *
 *     push 0xFED40000; call MmioRead8; add esp, 16; inc al
 */
const looksForTpm = {
  before: Buffer.from('680000d4fee8', 'hex'),
  callBytes: 4,
  after: Buffer.from('83c410fec0', 'hex'),
}

/** `test al, al` in the place of `inc al`: the jump behind it is taken at 0, not at 0xFF. */
const takesZeroForNobody = Buffer.from('83c41084c0', 'hex')

/** Where an LZMA stream's own header says how long it becomes; xz leaves it unknown, edk2 wants it known. */
const lengthField = { at: 5, bytes: 8 }

/** Writes the silent copy; fails where the firmware is built otherwise than known. */
export async function writeSilentFirmware(source: string, target: string): Promise<void> {
  const image = await readFile(source)
  const guidAt = image.indexOf(lzmaSection)
  const sectionAt = guidAt - 4
  if (guidAt < 0 || image[sectionAt + 3] !== 2) throw new Error(`${source}: no compressed section where OVMF has one`)
  const dataAt = sectionAt + image.readUInt16LE(guidAt + 16)
  const end = sectionAt + image.readUIntLE(sectionAt, 3)
  const packed = image.subarray(dataAt, end)
  const drivers = await xz(['--decompress'], packed)
  const at = drivers.indexOf(com1)
  if (at < 0 || drivers.includes(com1, at + 1)) throw new Error(`${source}: COM1's place is not the one that is known`)
  ownPlace.copy(drivers, at)
  takeZeroForNoTpm(drivers)
  const repacked = await xz(['--compress', '--lzma1=preset=9e,dict=16MiB'], drivers)
  if (repacked.length > packed.length) throw new Error(`${source}: the changed drivers do not fit any more`)
  packed.copy(repacked, lengthField.at, lengthField.at, lengthField.at + lengthField.bytes)
  // What is left over behind the stream is never read.
  packed.fill(0)
  repacked.copy(packed)
  await writeFile(target, image)
}

/** In a firmware that is built otherwise nothing is found, and it waits. */
function takeZeroForNoTpm(drivers: Buffer): void {
  const { before, callBytes, after } = looksForTpm
  for (let at = drivers.indexOf(before); at >= 0; at = drivers.indexOf(before, at + 1)) {
    const behind = at + before.length + callBytes
    if (drivers.subarray(behind, behind + after.length).equals(after)) takesZeroForNobody.copy(drivers, behind)
  }
}

async function xz(options: readonly string[], input: Uint8Array): Promise<Buffer> {
  const { stdout } = await execa('xz', ['--stdout', '--format=lzma', ...options], { input, encoding: 'buffer' })
  return Buffer.from(stdout)
}
