/** The names of all that a machine owns, and the path rules of the host where they are. */
import path from 'node:path'
import type { Hello } from './protocol.ts'

/** Paths of the host, which may be another system than the one that Node runs on. */
export function pathsOf({ separator }: Pick<Hello, 'separator'>): path.PlatformPath {
  return separator === '\\' ? path.win32 : path.posix
}

/** Whether two names lead to one folder; Windows keeps names without regard to case. Both are whole paths. */
export function isSameFolder(host: Pick<Hello, 'separator'>, one: string, other: string): boolean {
  const paths = pathsOf(host)
  // Not normalize: it keeps a separator at the end.
  const key = (folder: string): string => paths.resolve(folder).toLowerCase()
  return key(one) === key(other)
}

/** The name that a machine is made with, and of its folder; the folder keeps it. */
export function runName(runId: string): string {
  return `azl-vm-${runId}`
}

const runNamePattern = /^azl-vm-([0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8})$/ // azl-vm-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11

/** The run that made a machine or folder of this name; undefined where the name is none of ours. */
export function runIdOfName(name: string): string | undefined {
  return runNamePattern.exec(name)?.[1]
}

/** The folder in which a machine's folder is made. */
export function storageRoot({ machinePath }: { readonly machinePath: string }, path: string | undefined): string {
  return path ?? machinePath
}

/** All files of a machine lie in it. */
export function machineFolder(host: Pick<Hello, 'separator'>, root: string, runId: string): string {
  return pathsOf(host).join(root, runName(runId))
}

/** In the machine's folder. */
export function diskFile(index: number): string {
  return `disk${String(index)}.vhdx`
}

/** Hyper-V's longest file below a machine's folder: \Virtual Machines\GUID.vmcx, \Snapshots\GUID.vmcx, \disk0_GUID.avhdx; with room for a second GUID. */
export const longestInFolder = 100

/** Files that azl-vm makes in a machine's folder: disks, the layers of checkpoints on them, logs. */
const ownFile = String.raw`disk\d+[^/]*\.a?vhdx?|[^/]*\.log(?:\.\d+)?`

/** What Hyper-V itself makes there. */
const hypervisorFile = String.raw`(?:Virtual Machines|Snapshots|Virtual Hard Disks|UndoLog Configuration|Planned Virtual Machines)/.*`

/** Names of files below a machine's folder, with slashes; a pattern that JavaScript and .NET read alike. */
export const ownFilePattern = `^(?:${ownFile})$`
export const allFilesPattern = `^(?:${ownFile}|${hypervisorFile})$`

/** What a run exports, before it is moved out of the machine's folder. */
export function exportFile(runId: string, extension: 'vhdx' | 'vhd'): string {
  return `disk0-${runId}.${extension}`
}

/** Such a file; a pattern that JavaScript and .NET read alike. */
export const exportFilePattern = String.raw`^disk0-([0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8})\.vhdx?$`

/** On the one SCSI controller; disks are before them. Both drives are there from the start. */
export const opticalLocations = { installer: 16, seed: 17 } as const

/** A machine's own switch, for the network card at `index`. */
export function switchName(runId: string, index: number): string {
  return `${runName(runId)}-${String(index)}`
}

const switchPattern = /^(azl-vm-.+)-\d$/ // azl-vm-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11-0

export function runIdOfSwitch(name: string): string | undefined {
  return runIdOfName(switchPattern.exec(name)?.[1] ?? '')
}

/** COM1 of a machine: local to the host, and the machine's alone. */
export function pipeName(vmId: string): string {
  return `azl-vm-${vmId}`
}

/** As Hyper-V takes it. */
export function pipePath(vmId: string): string {
  return `\\\\.\\pipe\\${pipeName(vmId)}`
}
