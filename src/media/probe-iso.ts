import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFatImage, buildIso } from '../iso9660/index.ts'
import type { Architecture } from '../spec/schema.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { removableLoaderNames } from './removable-loader.ts'

export interface ProbeIsoOptions {
  readonly arch: Architecture
  /** What the probe does after its report: power off, or wait for commands on the serial port. */
  readonly then: 'poweroff' | 'wait'
  /** packages/boot-probe/bin/BOOTX64.EFI or BOOTAA64.EFI */
  readonly binary: Uint8Array
}

export const probeVolumeLabel = 'AZLPROBE'

/** One date for all: the image depends on nothing but its options. */
const date = new Date('2026-01-01T00:00:00Z')

/** An ISO whose El Torito image holds the probe and its PROBE.CFG; both are in the ISO's own tree too, for readers. */
export function buildProbeIso(options: ProbeIsoOptions): Uint8Array {
  const files = [
    { path: `EFI/BOOT/${removableLoaderNames[options.arch]}`, data: options.binary },
    { path: 'PROBE.CFG', data: Buffer.from(`then=${options.then}\n`, 'latin1') },
  ]
  const image = buildFatImage({ files, volumeLabel: probeVolumeLabel, date })
  return buildIso({ volumeLabel: probeVolumeLabel, files, efiBoot: { image }, date })
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A medium of ours, ready to be attached. */
export interface ProbeIso {
  readonly path: string
  readonly sizeBytes: number
  /** Hex, lower case. */
  readonly sha256: string
  readonly volumeLabel: string
}

/**
 * The probe's ISO in `directory` (made if need be), named for its content. An existing file is used only if its
 * bytes are the wanted ones; else it is replaced, at once and whole, so that several callers may ask at the same time.
 */
export async function ensureProbeIso(directory: string, options: ProbeIsoOptions): Promise<ProbeIso> {
  const image = buildProbeIso(options)
  const sha256 = digestOf(image)
  const path = join(directory, `boot-probe-${options.arch}-${options.then}-${sha256.slice(0, 16)}.iso`)
  const existing = await readFile(path).catch(() => undefined)
  if (existing === undefined || digestOf(existing) !== sha256) await writeFileAtomic(path, image, 0o644)
  return { path, sizeBytes: image.length, sha256, volumeLabel: probeVolumeLabel }
}
