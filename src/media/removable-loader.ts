import type { Architecture } from '../spec/schema.ts'

/** The name that UEFI looks for on removable media (UEFI 3.5.1.1, table 3.2). */
export const removableLoaderNames = {
  x86_64: 'BOOTX64.EFI',
  aarch64: 'BOOTAA64.EFI',
} as const satisfies Record<Architecture, string>
