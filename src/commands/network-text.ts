import type { MachineNetwork } from '../provider/machine.ts'

/** `192.168.220.2/24, gateway 192.168.220.1`; undefined where nothing is reserved for the card. */
export function reservedText({ reserved }: MachineNetwork): string | undefined {
  if (!reserved) return undefined
  const { address, prefixLength, gateway } = reserved
  return `${address}/${String(prefixLength)}${gateway === undefined ? '' : `, gateway ${gateway}`}`
}
