/** A machine's disk, or the whole machine, as a file of its own. */

/**
 * `vhd` grows as it is filled, `vhd-fixed` has its whole size at once, as Azure wants it. `ova` is the machine itself: its
 * settings, all its disks, its firmware variables.
 */
export const exportFormats = ['qcow2', 'raw', 'vhdx', 'vhd', 'vhd-fixed', 'vmdk', 'vdi', 'ova'] as const

export type ExportFormat = (typeof exportFormats)[number]

/** Of the others a file is one disk. */
export function isWholeMachine(format: ExportFormat): boolean {
  return format === 'ova'
}

export interface ExportRequest {
  /** On the computer that runs azl-vm; not there yet, its folder is. */
  readonly file: string
  readonly format: ExportFormat
  /** The run that asks; what is made for it on the host is named by it, so that it can be judged when the run is dead. */
  readonly runId: string
}
