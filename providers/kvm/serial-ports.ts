/** The contract's two serial ports among a domain's devices: one and the same where the machine has one. */
import type { ConsolePort } from '../../src/provider/capabilities.ts'

/** The place among the domain's serial devices, which libvirt calls serial0, serial1 by it. */
export type SerialIndex = 0 | 1

export function serialIndexOf(port: ConsolePort, serialCount: number): SerialIndex {
  return port === 'system' && serialCount > 1 ? 1 : 0
}

/** libvirt's alias of the device, by which its console is opened. */
export function serialAlias(index: SerialIndex): string {
  return `serial${String(index)}`
}
