/** What machines of each architecture are built on, in libvirt's words: what its firmware and Azure Linux's initrd know. */
import type { Architecture } from '../../src/provider/capabilities.ts'
import { element, type XmlElement } from './xml.ts'

/** How the processor is run: libvirt's word for it. */
export type DomainType = 'kvm' | 'qemu'

export interface Board {
  readonly machine: string
  /** How firmware descriptors name it: the beginning of their globs, `pc-q35-*`. */
  readonly machineGlob: string
  readonly opticalBus: string
  readonly opticalTargets: readonly [installer: string, seed: string]
  /** The drives' controller, where libvirt is not left to choose it. */
  readonly controllers: readonly XmlElement[]
  features(type: DomainType): readonly XmlElement[]
  /** System Management Mode keeps the guest from writing the Secure Boot variables itself. */
  readonly hasSmm: boolean
  readonly tpmModel: string
  /** What lets a guest run guests of its own under KVM; none: it cannot (arm64 KVM shows a guest no EL2). */
  readonly nestingFeatures: readonly string[]
  /** The firmware's port; then the system's own one, where that is another. */
  readonly serialTargets: readonly XmlElement[]
  /** Debian's packages of the emulator and of its firmware. */
  readonly packages: { readonly emulator: string; readonly firmware: string }
}

export const boards: Readonly<Record<Architecture, Board>> = {
  x86_64: {
    machine: 'q35',
    machineGlob: 'pc-q35-',
    opticalBus: 'sata',
    opticalTargets: ['sda', 'sdb'],
    controllers: [],
    features: () => [element('acpi'), element('apic')],
    hasSmm: true,
    tpmModel: 'tpm-crb',
    nestingFeatures: ['vmx', 'svm'],
    serialTargets: [element('target', { port: '0' })],
    packages: { emulator: 'qemu-system-x86', firmware: 'ovmf' },
  },
  aarch64: {
    machine: 'virt',
    machineGlob: 'virt-',
    opticalBus: 'scsi',
    opticalTargets: ['sda', 'sdb'],
    controllers: [element('controller', { type: 'scsi', model: 'virtio-scsi' })],
    // Under KVM the version is the host's, which libvirt asks; emulated, version 2 ends at eight processors.
    features: (type) =>
      [element('acpi'), type === 'qemu' && element('gic', { version: '3' })].filter((each) => each !== false),
    hasSmm: false,
    tpmModel: 'tpm-tis',
    nestingFeatures: [],
    // The PL011 is what firmware and GRUB use; the kernel's ttyS0 is a 16550, which `virt` has on the PCI bus only.
    serialTargets: [
      element('target', { type: 'system-serial', port: '0' }, element('model', { name: 'pl011' })),
      element('target', { type: 'pci-serial', port: '1' }, element('model', { name: 'pci-serial' })),
    ],
    packages: { emulator: 'qemu-system-arm', firmware: 'qemu-efi-aarch64' },
  },
}

/** The target device of the installer's drive. */
export function installerTarget(architecture: Architecture): { readonly device: string; readonly bus: string } {
  const board = boards[architecture]
  return { device: board.opticalTargets[0], bus: board.opticalBus }
}
