import type { Architecture } from '../spec/schema.ts'

/** Bytes from the file's beginning that hold the PE header in every loader that we know. */
export const peHeaderBytes = 4096

/** PE/COFF specification, 3.3.1, machine types. */
const machines: ReadonlyMap<number, Architecture> = new Map([
  [0x8664, 'x86_64'],
  [0xaa64, 'aarch64'],
])

/** The architecture of a PE program, from its first bytes; undefined for what is none, or for another machine. */
export function peArchitecture(bytes: Uint8Array): Architecture | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 0x40 || view.getUint16(0, true) !== 0x5a4d) return undefined // "MZ"
  const headerAt = view.getUint32(0x3c, true)
  if (headerAt + 6 > bytes.length || view.getUint32(headerAt, true) !== 0x4550) return undefined // "PE\0\0"
  return machines.get(view.getUint16(headerAt + 4, true))
}
