/** ECMA-119 (ISO 9660), Joliet and El Torito: the numbers, and the ways that they are written. */

export const sectorBytes = 2048
/** ECMA-119 6.2.1: sectors 0-15 belong to the system, the volume descriptors follow. */
export const firstDescriptorSector = 16

export const descriptorType = { boot: 0, primary: 1, supplementary: 2, terminator: 255 } as const

/** Joliet specification: escape sequence of UCS-2 level 3 (readers also accept level 1 "@" and 2 "C"). */
export const jolietEscape = '%/E'

/** ECMA-119 9.1.6, bits of a directory record. */
export const recordFlag = { hidden: 0x01, directory: 0x02, multiExtent: 0x80 } as const

/** El Torito 1.0, 2.0; platform 0xEF: UEFI Specification 13.3.2.1. */
export const elToritoId = 'EL TORITO SPECIFICATION'
export const bootPlatform = { x86Bios: 0x00, powerPc: 0x01, mac: 0x02, uefi: 0xef } as const
export const virtualSectorBytes = 512

export function sectorsOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / sectorBytes)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** ECMA-119 7.3.3: little-endian, then big-endian. */
export function putBoth32(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true)
  view.setUint32(at + 4, value, false)
}

/** ECMA-119 7.2.3. */
export function putBoth16(view: DataView, at: number, value: number): void {
  view.setUint16(at, value, true)
  view.setUint16(at + 2, value, false)
}

export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff)
}

/** UTF-16, big-endian, as Joliet stores it. */
export function wideBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) viewOf(bytes).setUint16(i * 2, text.charCodeAt(i), false)
  return bytes
}

export function latinText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function wideText(bytes: Uint8Array): string {
  const view = viewOf(bytes)
  let text = ''
  for (let at = 0; at + 2 <= bytes.length; at += 2) text += String.fromCharCode(view.getUint16(at, false))
  return text
}

/** ECMA-119 9.1.5: seven bytes, UTC. */
export function shortDate(date: Date): Uint8Array {
  return Uint8Array.of(
    date.getUTCFullYear() - 1900,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    0,
  )
}

/** ECMA-119 8.4.26.1: sixteen digits and a zone; `undefined` is "not specified". */
export function longDate(date: Date | undefined): Uint8Array {
  const digits =
    date === undefined
      ? '0'.repeat(16)
      : `${date
          .toISOString()
          .replace(/[^0-9]/g, '')
          .slice(0, 14)}00`
  return Uint8Array.of(...asciiBytes(digits), 0)
}
