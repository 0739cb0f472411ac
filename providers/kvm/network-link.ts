/** What a network card of the spec is put on. */
import type { MachineRequest } from '../../src/provider/machine.ts'
import { hostOnlyNetwork, networkName } from './names.ts'
import { optionsOf } from './request-options.ts'

/** Neither a network nor a bridge: QEMU's user-mode network. */
export interface NetworkLink {
  /** A libvirt network. */
  readonly network?: string
  /** A bridge of the host. */
  readonly bridge?: string
}

export function linkFor(request: MachineRequest, index: number): NetworkLink {
  const { network, bridge } = optionsOf(request)
  const named = network === undefined ? {} : { network }
  switch (request.spec.machine.networks[index]?.mode) {
    case 'isolated':
      return { network: networkName(request.mark.runId, index) }
    case 'host-only':
      return { network: hostOnlyNetwork, ...named }
    case 'bridged':
      return bridge === undefined ? named : { bridge }
    default:
      return named
  }
}
