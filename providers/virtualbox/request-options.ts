import type { MachineRequest } from '../../src/provider/machine.ts'
import type { VirtualBoxOptions } from './options.ts'

/** The spec's `virtualbox` key. It was parsed by {@link virtualboxOptions} when the spec was read. */
export function optionsOf({ options }: Pick<MachineRequest, 'options'>): VirtualBoxOptions {
  return typeof options === 'object' && options !== null ? options : {}
}
