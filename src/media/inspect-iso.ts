import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { didYouMean } from '../did-you-mean.ts'
import { AzlVmError, errorText } from '../errors.ts'
import { bootPlatform, fileSource, IsoError, openFat, openIso, windowSource } from '../iso9660/index.ts'
import type { FatVolume, IsoImage, RandomAccessSource } from '../iso9660/index.ts'
import { hasCode } from '../store/atomic-file.ts'
import { peArchitecture, peHeaderBytes } from './pe-machine.ts'
import { removableLoaderNames } from './removable-loader.ts'
import type { Architecture } from '../spec/schema.ts'
import { recogniseFormat, recognisedBytes } from './recognise.ts'

/** What is known of a medium that a UEFI firmware can boot. */
export interface BootMedium {
  /** Absolute. */
  readonly path: string
  readonly sizeBytes: number
  /** What the volume descriptor says; never more than `sizeBytes`. */
  readonly declaredBytes: number
  readonly volumeLabel: string
  /** Architectures of the UEFI loaders that were found; at least one. */
  readonly efiArchitectures: readonly Architecture[]
  readonly hasBiosBoot: boolean
}

export interface InspectOptions {
  readonly signal?: AbortSignal
}

const architectures = Object.keys(removableLoaderNames) as Architecture[]
const folderCodes = ['ENOENT', 'ENOTDIR']

async function nearbyName(path: string): Promise<string | undefined> {
  const names = await readdir(dirname(path)).catch(() => [])
  return didYouMean(basename(path), names)
}

async function notFound(path: string, cause: unknown): Promise<AzlVmError> {
  const near = await nearbyName(path)
  const hint =
    near === undefined
      ? 'Check the path; in a spec, relative paths start at the folder of the spec.'
      : `Did you mean '${near}'?`
  return new AzlVmError('path-not-found', `there is no file '${path}'`, { cause, hint })
}

async function translateFileError(path: string, error: unknown): Promise<unknown> {
  if (hasCode(error, ...folderCodes)) return notFound(path, error)
  if (hasCode(error, 'EACCES', 'EPERM')) {
    const hint = 'Give yourself the right to read it; azl-vm never changes the rights of your file.'
    return new AzlVmError('medium-unreadable', `'${path}' cannot be read: permission denied`, { cause: error, hint })
  }
  if (
    error instanceof AzlVmError ||
    !hasCode(error, 'EIO', 'EISDIR', 'ELOOP', 'ESTALE', 'ENXIO', 'EINVAL', 'ENAMETOOLONG')
  )
    return error
  return new AzlVmError('medium-unreadable', `'${path}' cannot be read: ${errorText(error)}`, { cause: error })
}

/** A regular file with content that we may read, or the reason why not. */
async function checkFile(path: string): Promise<number> {
  const found = await stat(path)
  if (found.isDirectory()) {
    throw new AzlVmError('medium-unreadable', `'${path}' is a folder, not an ISO file`, {
      hint: 'Name the .iso file in it.',
    })
  }
  if (!found.isFile()) throw new AzlVmError('medium-unreadable', `'${path}' is not a regular file`)
  if (found.size === 0) {
    throw new AzlVmError('medium-empty', `'${path}' is empty (0 bytes)`, { hint: 'Download it again.' })
  }
  await access(path, constants.R_OK)
  return found.size
}

async function describeContent(source: RandomAccessSource): Promise<string> {
  const head = await source.read(0, Math.min(recognisedBytes, source.sizeBytes))
  return recogniseFormat(head) ?? 'no ISO 9660 image'
}

async function translateIsoError(path: string, source: RandomAccessSource, error: unknown): Promise<unknown> {
  if (!(error instanceof IsoError)) return error
  if (error.code === 'not-iso') {
    const what = await describeContent(source)
    const hint = 'Name an ISO file that a UEFI firmware can boot.'
    return new AzlVmError('medium-not-bootable', `'${path}' is ${what}`, { cause: error, hint })
  }
  if (error.code === 'truncated') {
    return new AzlVmError('medium-truncated', `'${path}' is cut off: ${error.message}`, {
      cause: error,
      hint: 'Download it again.',
    })
  }
  return new AzlVmError('medium-unreadable', `'${path}' is damaged: ${error.message}`, {
    cause: error,
    hint: 'Download it again.',
  })
}

function checkWhole(path: string, image: IsoImage): void {
  if (!image.isTruncated) return
  const { declaredBytes, source } = image
  const message = `'${path}' is cut off: ${String(declaredBytes)} bytes are expected, ${String(source.sizeBytes)} are there`
  throw new AzlVmError('medium-truncated', message, { hint: 'Download it again, or let the copy finish.' })
}

/** A missing file, or a part that cannot be read, is no loader; other errors are passed on. */
export async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch((error: unknown) => {
    if (error instanceof IsoError) return undefined
    throw error
  })
}

/** The FAT images of the boot catalog. */
export async function bootImages(image: IsoImage): Promise<readonly FatVolume[]> {
  const { source } = image
  const found: FatVolume[] = []
  for (const entry of image.bootEntries.filter(({ platformId }) => platformId === bootPlatform.uefi)) {
    const fat = await orUndefined(
      openFat(windowSource(source, entry.offsetBytes, source.sizeBytes - entry.offsetBytes)),
    )
    if (fat !== undefined) found.push(fat)
  }
  return found
}

/** The loaders in the FAT images of the boot catalog: what the firmware itself looks at. */
async function loadersInBootImages(image: IsoImage): Promise<Architecture[]> {
  const found: Architecture[] = []
  for (const fat of await bootImages(image)) {
    for (const arch of architectures) {
      const head = await orUndefined(fat.readFile(`EFI/BOOT/${removableLoaderNames[arch]}`, peHeaderBytes))
      if (head !== undefined && peArchitecture(head) === arch) found.push(arch)
    }
  }
  return found
}

/** Loaders in the ISO's own tree do not boot an optical drive; they only say what the medium is for. */
async function loadersInTree(image: IsoImage): Promise<Architecture[]> {
  const found: Architecture[] = []
  for (const arch of architectures) {
    const file = await orUndefined(image.openFile(`EFI/BOOT/${removableLoaderNames[arch]}`))
    const head = file && (await orUndefined(file.read(0, Math.min(peHeaderBytes, file.sizeBytes))))
    if (head !== undefined && peArchitecture(head) === arch) found.push(arch)
  }
  return found
}

function notBootable(path: string, image: IsoImage, inTree: readonly Architecture[]): AzlVmError {
  const platforms = image.bootEntries.map(({ platformId }) => platformId)
  const why = platforms.includes(bootPlatform.uefi)
    ? 'its UEFI boot image has no loader (EFI/BOOT/BOOTX64.EFI or BOOTAA64.EFI)'
    : platforms.includes(bootPlatform.x86Bios)
      ? 'it boots with a BIOS only'
      : inTree.length > 0
        ? 'it holds a UEFI loader but no boot catalog, so it boots from no optical drive'
        : 'it is an ISO without a boot loader (data only)'
  const hint = 'Azure Linux installs from a UEFI ISO; this one cannot boot a machine of azl-vm.'
  return new AzlVmError('medium-not-bootable', `'${path}' (label '${image.volumeLabel}') is not bootable: ${why}`, {
    hint,
  })
}

async function inspectImage(path: string, image: IsoImage): Promise<BootMedium> {
  checkWhole(path, image)
  const inBootImages = await loadersInBootImages(image)
  const inTree = await loadersInTree(image)
  const hasUefiEntry = image.bootEntries.some(({ platformId }) => platformId === bootPlatform.uefi)
  if (!hasUefiEntry || inBootImages.length === 0) throw notBootable(path, image, inTree)
  return {
    path,
    sizeBytes: image.source.sizeBytes,
    declaredBytes: image.declaredBytes,
    volumeLabel: image.volumeLabel,
    efiArchitectures: [...new Set(inBootImages)],
    hasBiosBoot: image.bootEntries.some(({ platformId }) => platformId === bootPlatform.x86Bios),
  }
}

/**
 * Looks into an ISO; reads only, and some kilobytes only. Rejects with AzlVmError: path-not-found, medium-unreadable
 * (folder, rights, damage), medium-empty, medium-truncated, medium-not-bootable, cancelled.
 */
export async function inspectBootMedium(givenPath: string, options: InspectOptions = {}): Promise<BootMedium> {
  return await lookInto(givenPath, options, async (medium) => Promise.resolve(medium))
}

/** The same, and hands the open image to `look`. */
export async function lookInto<T>(
  givenPath: string,
  options: InspectOptions,
  look: (medium: BootMedium, image: IsoImage) => Promise<T>,
): Promise<T> {
  const path = resolve(givenPath)
  const checkSignal = () => {
    if (options.signal?.aborted === true) throw new AzlVmError('cancelled', `interrupted while looking into '${path}'`)
  }
  checkSignal()
  try {
    await checkFile(path)
    const source = await fileSource(path)
    try {
      checkSignal()
      const image = await openIso(source)
      return await look(await inspectImage(path, image), image)
    } catch (error) {
      throw await translateIsoError(path, source, error)
    } finally {
      await source.close()
    }
  } catch (error) {
    throw await translateFileError(path, error)
  }
}

/** Throws medium-wrong-architecture where the medium has no loader for `arch`. */
export function requireArchitecture(medium: BootMedium, arch: Architecture): void {
  if (medium.efiArchitectures.includes(arch)) return
  const found = medium.efiArchitectures.join(' and ')
  throw new AzlVmError('medium-wrong-architecture', `'${medium.path}' boots ${found}, and the machine is ${arch}`, {
    hint: `Use the ${arch} ISO, or set arch: ${medium.efiArchitectures[0] ?? arch}.`,
  })
}
