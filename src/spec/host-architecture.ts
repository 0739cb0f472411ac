import type { Architecture } from './schema.ts'

/** The default of `arch`, from `process.arch`. What azl-vm cannot run a machine for is taken for x86_64. */
export function hostArchitecture(nodeArch: NodeJS.Architecture): Architecture {
  return nodeArch === 'arm64' ? 'aarch64' : 'x86_64'
}
