/** Formats that people give for an ISO by mistake; `magic` is what their files begin with (or hold at `at`). */
const formats: readonly { readonly name: string; readonly at: number; readonly magic: string }[] = [
  { name: 'a QCOW2 disk image', at: 0, magic: 'QFI\xfb' },
  { name: 'a VHDX disk image', at: 0, magic: 'vhdxfile' },
  { name: 'a VHD disk image', at: 0, magic: 'conectix' },
  { name: 'a VMDK disk image', at: 0, magic: 'KDMV' },
  { name: 'a VMDK descriptor', at: 0, magic: '# Disk DescriptorFile' },
  { name: 'a VDI disk image', at: 0x40, magic: '\x7f\x10\xda\xbe' },
  { name: 'a gzip file: unpack it first', at: 0, magic: '\x1f\x8b' },
  { name: 'an xz file: unpack it first', at: 0, magic: '\xfd7zXZ\0' },
  { name: 'a zstd file: unpack it first', at: 0, magic: '\x28\xb5\x2f\xfd' },
  { name: 'a bzip2 file: unpack it first', at: 0, magic: 'BZh' },
  { name: 'a ZIP file: unpack it first', at: 0, magic: 'PK\x03\x04' },
  { name: 'a 7z file: unpack it first', at: 0, magic: '7z\xbc\xaf\x27\x1c' },
  { name: 'a tar archive', at: 257, magic: 'ustar' },
  { name: 'a web page, perhaps an error page of the download', at: 0, magic: '<' },
  { name: 'a raw disk image with a GPT', at: 512, magic: 'EFI PART' },
  { name: 'a raw disk image', at: 510, magic: '\x55\xaa' },
]

/** Bytes from the file's beginning that `recogniseFormat` wants. */
export const recognisedBytes = 1024

/** What the file is, with its article, or undefined. */
export function recogniseFormat(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1')
  return formats.find(({ at, magic }) => text.startsWith(magic, at))?.name
}
