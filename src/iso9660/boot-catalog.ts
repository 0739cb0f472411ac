import {
  asciiBytes,
  bootPlatform,
  descriptorType,
  elToritoId,
  latinText,
  sectorBytes,
  viewOf,
  virtualSectorBytes,
} from './format.ts'

/** One entry of the El Torito boot catalog. */
export interface IsoBootEntry {
  /** 0x00 BIOS, 0xEF UEFI. */
  readonly platformId: number
  readonly isBootable: boolean
  /** 0: no emulation; 1-3 diskette, 4 hard disk. */
  readonly emulation: number
  readonly offsetBytes: number
  /** As written: many tools write 0 or 1 sector for a UEFI image, so ask the image itself. */
  readonly loadSizeBytes: number
}

const entryBytes = 32
const maxEntries = 64
const indicator = { bootable: 0x88, notBootable: 0x00, header: 0x90, lastHeader: 0x91, extension: 0x44 } as const

/** El Torito, figure 7: the boot record volume descriptor. */
export function bootRecordDescriptor(catalogSector: number): Uint8Array {
  const sector = new Uint8Array(sectorBytes)
  sector.set(asciiBytes('\0CD001\x01'), 0)
  sector[0] = descriptorType.boot
  sector.set(asciiBytes(elToritoId), 7)
  viewOf(sector).setUint32(0x47, catalogSector, true)
  return sector
}

/** A catalog with one entry: a UEFI image without emulation. */
export function uefiBootCatalog(imageSector: number, imageBytes: number): Uint8Array {
  const sector = new Uint8Array(sectorBytes)
  const view = viewOf(sector)
  sector[0] = 1
  sector[1] = bootPlatform.uefi
  view.setUint16(30, 0xaa55, true)
  let sum = 0
  for (let at = 0; at < entryBytes; at += 2) sum += view.getUint16(at, true)
  view.setUint16(28, -sum & 0xffff, true)
  sector[32] = indicator.bootable
  const sectors = Math.ceil(imageBytes / virtualSectorBytes)
  view.setUint16(38, sectors > 0xffff ? 0 : sectors, true) // 0: up to the end of the medium
  view.setUint32(40, imageSector, true)
  return sector
}

function parseEntry(entry: Uint8Array, platformId: number): IsoBootEntry {
  const view = viewOf(entry)
  return {
    platformId,
    isBootable: entry[0] === indicator.bootable,
    emulation: (entry[1] ?? 0) & 0x0f,
    offsetBytes: view.getUint32(8, true) * sectorBytes,
    loadSizeBytes: view.getUint16(6, true) * virtualSectorBytes,
  }
}

function isValid(validation: Uint8Array): boolean {
  const view = viewOf(validation)
  let sum = 0
  for (let at = 0; at < entryBytes; at += 2) sum += view.getUint16(at, true)
  return validation[0] === 1 && view.getUint16(30, true) === 0xaa55 && (sum & 0xffff) === 0
}

/** The catalog's entries; none where its validation entry is wrong. */
export function parseBootCatalog(catalog: Uint8Array): IsoBootEntry[] {
  const at = (index: number) => catalog.subarray(index * entryBytes, (index + 1) * entryBytes)
  if (catalog.length < 2 * entryBytes || !isValid(at(0))) return []
  const entries = [parseEntry(at(1), at(0)[1] ?? 0)]
  let platformId = 0
  const count = Math.min(maxEntries, Math.floor(catalog.length / entryBytes))
  for (let index = 2; index < count; index++) {
    const entry = at(index)
    const kind = entry[0] ?? 0
    if (kind === indicator.header || kind === indicator.lastHeader) platformId = entry[1] ?? 0
    else if (kind === indicator.bootable) entries.push(parseEntry(entry, platformId))
    else if (kind !== indicator.extension) break
  }
  return entries
}

/** The sector of the boot catalog, where this descriptor is an El Torito boot record. */
export function bootCatalogSector(descriptor: Uint8Array): number | undefined {
  const isElTorito = latinText(descriptor.subarray(7, 7 + elToritoId.length)) === elToritoId
  return descriptor[0] === descriptorType.boot && isElTorito ? viewOf(descriptor).getUint32(0x47, true) : undefined
}
