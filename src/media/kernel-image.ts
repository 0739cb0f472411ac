/** What a Linux kernel's file says of itself. */
import { gunzipSync } from 'node:zlib'
import type { Architecture } from '../spec/schema.ts'
import { peArchitecture } from './pe-machine.ts'

export interface KernelImage {
  readonly architecture: Architecture | undefined
  /** `6.18.2-1.azl4`; undefined where the file does not tell. */
  readonly version: string | undefined
}

/** A kernel is at most this long, packed or not; what is longer is none. */
export const longestKernelBytes = 128 * 1024 * 1024

/** In an x86 kernel's first bytes is all that is read of it. */
export const kernelHeadBytes = 128 * 1024

/** Whether the head alone does not tell: the file is packed, or no x86 kernel. */
export function needsWholeFile(head: Uint8Array): boolean {
  return !isBzImage(Buffer.from(head.buffer, head.byteOffset, head.byteLength))
}

/** Reads what is there; a file that is no kernel says nothing. */
export function readKernelImage(file: Uint8Array): KernelImage {
  const image = unpacked(Buffer.from(file.buffer, file.byteOffset, file.byteLength))
  return {
    architecture: peArchitecture(image) ?? (isArm64(image) ? 'aarch64' : isBzImage(image) ? 'x86_64' : undefined),
    version: isBzImage(image) ? bzImageVersion(image) : bannerVersion(image),
  }
}

/**
 * arm64 kernels are often a gzip file as a whole, or a UEFI program that unpacks one (Linux,
 * drivers/firmware/efi/libstub/zboot-header.S: "zimg" at 4, offset and size of what is packed at 8 and 12).
 */
function unpacked(image: Buffer): Buffer {
  const isZboot = image.length > 64 && image.toString('latin1', 4, 8) === 'zimg'
  const file = isZboot ? image.subarray(image.readUInt32LE(8), image.readUInt32LE(8) + image.readUInt32LE(12)) : image
  if (file.length < 2 || file.readUInt16BE(0) !== 0x1f8b) return image
  try {
    return gunzipSync(file, { maxOutputLength: longestKernelBytes })
  } catch {
    return image
  }
}

/** Linux, Documentation/arch/x86/boot.rst: "HdrS" at 0x202, and at 0x20e where the version's text is, less 0x200. */
function isBzImage(image: Buffer): boolean {
  return image.length > 0x210 && image.toString('latin1', 0x202, 0x206) === 'HdrS'
}

function bzImageVersion(image: Buffer): string | undefined {
  const offset = image.readUInt16LE(0x20e)
  if (offset === 0) return undefined
  const text = image.toString('latin1', offset + 0x200, offset + 0x200 + 256)
  return /^[\x21-\x7e]+/.exec(text)?.[0] // 6.18.2-1.azl4 (builder@host) #1 SMP ...
}

/** Linux, Documentation/arch/arm64/booting.rst: the magic "ARM\x64" at 56. */
function isArm64(image: Buffer): boolean {
  return image.length > 64 && image.toString('latin1', 56, 60) === 'ARM\x64'
}

/** An unpacked kernel holds the line that it prints first. */
function bannerVersion(image: Buffer): string | undefined {
  for (let at = -1; (at = image.indexOf('Linux version ', at + 1, 'latin1')) >= 0;) {
    const version = /^Linux version (\d[\x21-\x7e]*)/.exec(image.toString('latin1', at, at + 256))?.[1]
    if (version !== undefined) return version
  }
  return undefined
}
