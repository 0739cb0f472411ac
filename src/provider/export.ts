/** A machine's disk as a file of its own. */

/** `vhd` grows as it is filled, `vhd-fixed` has its whole size at once, as Azure wants it. */
export const exportFormats = ['qcow2', 'raw', 'vhdx', 'vhd', 'vhd-fixed', 'vmdk', 'vdi'] as const

export type ExportFormat = (typeof exportFormats)[number]

export interface ExportRequest {
  /** On the computer that runs azl-vm; not there yet, its folder is. */
  readonly file: string
  readonly format: ExportFormat
  /** The run that asks; what is made for it on the host is named by it, so that it can be judged when the run is dead. */
  readonly runId: string
}
