import type { MachineRequest } from '../../src/provider/machine.ts'
import type { HyperVOptions } from './options.ts'

/** The spec's `hyperv` key. It was parsed by {@link hypervOptions} when the spec was read. */
export function optionsOf({ options }: Pick<MachineRequest, 'options'>): HyperVOptions {
  return typeof options === 'object' && options !== null ? options : {}
}
