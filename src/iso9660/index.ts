/** ISO 9660 images: writer, reader and the FAT images inside them. */
export { buildFatImage } from './fat-image.ts'
export type { FatImageOptions, FatInputFile } from './fat-image.ts'
export { IsoError } from './iso-error.ts'
export type { IsoErrorCode } from './iso-error.ts'
export type { IsoContent, IsoInputFile } from './tree.ts'
export { buildIso, writeIsoFile } from './write-iso.ts'
export type { IsoOptions, WriteIsoSettings } from './write-iso.ts'
