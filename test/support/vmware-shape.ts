import type { MachineShape } from '../../providers/vmware/parameters.ts'

/** A machine with one of everything, as a plan describes it. */
export const vmwareShape: MachineShape = {
  name: 'azl4',
  id: '5f2c9a01-0000-4000-8000-0123456789ab',
  architecture: 'x86_64',
  hardwareVersion: 21,
  cpus: 2,
  memoryBytes: 512 * 1024 ** 2,
  isNested: false,
  secureBoot: true,
  networks: [{ mode: 'nat', mac: '52:54:00:12:34:56' }],
  disks: ['disk0.vmdk', 'disk1.vmdk'],
  serialPath: '/home/you/vmware/azl4.azl-vm/serial0',
}
