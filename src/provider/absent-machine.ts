import type { MachineInfo, MachineRef } from './machine.ts'

/** What `inspect` answers of a machine that is not there, or gone meanwhile. */
export function absentMachine(ref: MachineRef): MachineInfo {
  return {
    ref,
    state: 'absent',
    reason: '',
    mark: undefined,
    acceleration: undefined,
    architecture: '',
    cpus: 0,
    memoryBytes: 0,
    disks: [],
    secureBoot: false,
    tpm: false,
    hasSystemPort: false,
    networks: [],
    installer: undefined,
  }
}
