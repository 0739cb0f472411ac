import type { MachineRequest } from '../../src/provider/machine.ts'
import type { KvmOptions } from './options.ts'

/** The spec's `kvm` key. It was parsed by {@link kvmOptions} when the spec was read. */
export function optionsOf(request: MachineRequest): KvmOptions {
  return typeof request.options === 'object' && request.options !== null ? request.options : {}
}
