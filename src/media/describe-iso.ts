/** What a boot medium is: its menu, its kernels, and whether it is Azure Linux. */
import { bootPlatform, type IsoBootEntry, type IsoImage } from '../iso9660/index.ts'
import { parseGrubMenu, type MenuEntry } from './grub-menu.ts'
import { bootImages, lookInto, orUndefined, type BootMedium, type InspectOptions } from './inspect-iso.ts'
import {
  kernelHeadBytes,
  longestKernelBytes,
  needsWholeFile,
  readKernelImage,
  type KernelImage,
} from './kernel-image.ts'

export interface FoundKernel extends KernelImage {
  readonly path: string
}

/** The claim, and what on the medium says so. */
export interface AzureLinuxEvidence {
  /** `4.0`, or only `4`; undefined where nothing tells. */
  readonly version: string | undefined
  readonly evidence: readonly string[]
}

export interface MediumDescription extends BootMedium {
  readonly bootCatalog: readonly {
    readonly platform: string
    readonly isBootable: boolean
    readonly sizeBytes: number
  }[]
  /** Where the menu was found; undefined where there is none that is read. */
  readonly menuFile: string | undefined
  readonly menu: readonly MenuEntry[]
  readonly kernels: readonly FoundKernel[]
  /** Undefined: nothing on it says that it is Azure Linux. */
  readonly azureLinux: AzureLinuxEvidence | undefined
}

/** Rejects as {@link lookInto} does; a menu or kernel that cannot be read is only left out. */
export async function describeIso(file: string, options: InspectOptions = {}): Promise<MediumDescription> {
  return await lookInto(file, options, async (medium, image) => {
    const { menuFile, menu } = await findMenu(image)
    const kernels = await findKernels(image, menu)
    return {
      ...medium,
      bootCatalog: image.bootEntries.map(catalogEntry),
      menuFile,
      menu,
      kernels,
      azureLinux: azureLinuxIn(menu, kernels),
    }
  })
}

function catalogEntry({ platformId, isBootable, loadSizeBytes }: IsoBootEntry) {
  const names: Readonly<Record<number, string>> = { [bootPlatform.uefi]: 'UEFI', [bootPlatform.x86Bios]: 'BIOS' }
  const platform = names[platformId] ?? `platform 0x${platformId.toString(16)}`
  return { platform, isBootable, sizeBytes: loadSizeBytes }
}

/** Where distributions put the menu of a UEFI medium; the first that has entries counts. */
const menuFiles = ['boot/grub2/grub.cfg', 'boot/grub/grub.cfg', 'EFI/BOOT/grub.cfg']
const longestMenuBytes = 1024 * 1024

async function findMenu(image: IsoImage): Promise<{ menuFile: string | undefined; menu: readonly MenuEntry[] }> {
  for (const file of menuFiles) {
    const menu = menuIn(await orUndefined(image.readFile(file, longestMenuBytes)))
    if (menu.length > 0) return { menuFile: file, menu }
  }
  for (const fat of await bootImages(image)) {
    for (const file of menuFiles) {
      const menu = menuIn(await orUndefined(fat.readFile(file, longestMenuBytes)))
      if (menu.length > 0) return { menuFile: `${file} in the UEFI boot image`, menu }
    }
  }
  return { menuFile: undefined, menu: [] }
}

function menuIn(bytes: Uint8Array | undefined): readonly MenuEntry[] {
  return bytes ? parseGrubMenu(Buffer.from(bytes).toString('utf8')) : []
}

/** KIWI's place (Azure Linux 4), and those of older ones; looked at where no menu names a kernel. */
const usualKernels = [
  'boot/x86_64/loader/linux',
  'boot/aarch64/loader/linux',
  'isolinux/vmlinuz',
  'images/pxeboot/vmlinuz',
]

async function findKernels(image: IsoImage, menu: readonly MenuEntry[]): Promise<readonly FoundKernel[]> {
  const named = menu.flatMap(({ kernel }) => (kernel === undefined ? [] : [pathOnMedium(kernel)]))
  const found: FoundKernel[] = []
  for (const path of named.length > 0 ? new Set(named) : usualKernels) {
    const kernel = await orUndefined(readKernel(image, path))
    if (kernel) found.push({ path, ...kernel })
  }
  return found
}

/** `($root)/boot/x86_64/loader/linux` as the medium has it. */
function pathOnMedium(path: string): string {
  return path.replace(/^\([^)]*\)/, '').replace(/^\/+/, '')
}

async function readKernel(image: IsoImage, path: string): Promise<KernelImage> {
  const file = await image.openFile(path)
  const head = await file.read(0, Math.min(file.sizeBytes, kernelHeadBytes))
  return readKernelImage(needsWholeFile(head) ? await image.readFile(path, longestKernelBytes) : head)
}

function azureLinuxIn(menu: readonly MenuEntry[], kernels: readonly FoundKernel[]): AzureLinuxEvidence | undefined {
  const titles = menu.flatMap(({ title }) => {
    const match = /Azure Linux(?: (\d+(?:\.\d+)*))?/.exec(title) // Install Azure Linux 4.0
    return match ? [{ version: match[1], evidence: `menu entry "${title}"` }] : []
  })
  const builds = kernels.flatMap(({ path, version }) => {
    const release = /\.azl(\d+)/.exec(version ?? '')?.[1] // 6.18.2-1.azl4.x86_64
    return release === undefined ? [] : [{ version: release, evidence: `kernel ${path} is ${version ?? ''}` }]
  })
  const options = menu.some((entry) => entry.options.split(' ').includes('azl.autoinstall'))
    ? [{ version: undefined, evidence: 'kernel option azl.autoinstall' }]
    : []
  const found = [...titles, ...builds, ...options]
  if (found.length === 0) return undefined
  return {
    version: found.find(({ version }) => version !== undefined)?.version,
    evidence: [...new Set(found.map(({ evidence }) => evidence))],
  }
}
