/**
 * UEFI firmware on the hypervisor's host, from QEMU's firmware descriptor files (docs/interop/firmware.json in QEMU).
 * libvirt chooses by the same files; we read them to show its choice, and to choose where libvirt cannot.
 */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Architecture } from '../../src/provider/capabilities.ts'
import { boards } from './boards.ts'
import type { FirmwarePair } from './domain-xml.ts'

/** In the order in which QEMU's documentation has them override each other, the strongest first. */
const descriptorFolders = ['/etc/qemu/firmware', '/usr/share/qemu/firmware'] as const

export interface FirmwareDescriptor {
  readonly file: string
  readonly code: string
  readonly varsTemplate: string
  readonly architectures: readonly string[]
  /** Machine types, as globs: `pc-q35-*`. */
  readonly machines: readonly string[]
  readonly features: readonly string[]
}

/** Every descriptor of a split (code and variables) UEFI firmware, in the order of choice. Unreadable ones are passed over. */
export async function readDescriptors(
  folders: readonly string[] = descriptorFolders,
): Promise<readonly FirmwareDescriptor[]> {
  const byName = new Map<string, string>()
  for (const folder of folders.toReversed()) {
    const names = await readdir(folder).catch(() => [])
    for (const name of names) if (name.endsWith('.json')) byName.set(name, path.join(folder, name))
  }
  const files = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file)
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(file, 'utf8').catch(() => '') })),
  )
  return texts.flatMap(({ file, text }) => parseDescriptor(file, text) ?? [])
}

function parseDescriptor(file: string, text: string): FirmwareDescriptor | undefined {
  try {
    const value = JSON.parse(text) as RawDescriptor
    const { executable, 'nvram-template': template, device } = value.mapping
    if (device !== 'flash' || !executable || !template || !value['interface-types'].includes('uefi')) return undefined
    return {
      file,
      code: executable.filename,
      varsTemplate: template.filename,
      architectures: value.targets.map((target) => target.architecture),
      machines: value.targets.flatMap((target) => target.machines),
      features: value.features,
    }
  } catch {
    // Not JSON, or not of the documented shape.
    return undefined
  }
}

interface RawDescriptor {
  readonly 'interface-types': readonly string[]
  readonly mapping: {
    readonly device: string
    readonly executable?: { readonly filename: string }
    readonly 'nvram-template'?: { readonly filename: string }
  }
  readonly targets: readonly { readonly architecture: string; readonly machines: readonly string[] }[]
  readonly features: readonly string[]
}

/** The first descriptor for this architecture with Secure Boot and Microsoft's keys, or with neither. */
export function chooseFirmware(
  descriptors: readonly FirmwareDescriptor[],
  architecture: Architecture,
  isSecureBoot: boolean,
): (FirmwarePair & { readonly descriptor: string }) | undefined {
  const found = descriptors.find(
    (descriptor) =>
      descriptor.architectures.includes(architecture) &&
      descriptor.machines.some((glob) => glob.startsWith(boards[architecture].machineGlob)) &&
      descriptor.features.includes('secure-boot') === isSecureBoot &&
      descriptor.features.includes('enrolled-keys') === isSecureBoot,
  )
  return found && { code: found.code, varsTemplate: found.varsTemplate, descriptor: path.basename(found.file) }
}
