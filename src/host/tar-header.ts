/** What begins each entry of a tar archive (POSIX ustar). */

/** A header is one block, and content fills whole ones. Bytes. */
export const tarBlock = 512

export interface TarHeader {
  readonly name: string
  readonly sizeBytes: number
}

const nameField = [0, 100] as const
const sizeField = [124, 136] as const
const magicField = [257, 262] as const

export function isTarHeader(block: Buffer): boolean {
  return textIn(block, magicField) === 'ustar'
}

/** Undefined for a block that begins no entry, as at the archive's end. */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  const name = textIn(block, nameField)
  const sizeBytes = sizeIn(block.subarray(...sizeField))
  return name === '' || !Number.isSafeInteger(sizeBytes) ? undefined : { name, sizeBytes }
}

/** From one header to the next. */
export function tarEntryBytes({ sizeBytes }: TarHeader): number {
  return tarBlock + Math.ceil(sizeBytes / tarBlock) * tarBlock
}

/** Octal digits; from 8 GiB on a number of 96 bits, which its first bit tells (GNU tar). */
function sizeIn(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  return Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8)
}

function textIn(block: Buffer, [from, to]: readonly [number, number]): string {
  return block.toString('latin1', from, to).replace(/\0.*$/s, '')
}
