/** Reads what the boot probe (efi/) writes on the serial port. Depends on nothing. */
export { createProbeReader } from './reader.ts'
export type { ProbeAnswer, ProbeReader, ProbeState } from './reader.ts'
export type * from './report.ts'
