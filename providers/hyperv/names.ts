/** The names of all that a machine owns, and the path rules of the host where they are. */
import path from 'node:path'
import type { Hello } from './protocol.ts'

/** Paths of the host, which may be another system than the one that Node runs on. */
export function pathsOf({ separator }: Pick<Hello, 'separator'>): path.PlatformPath {
  return separator === '\\' ? path.win32 : path.posix
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

/** In the machine's folder. */
export function diskFile(index: number): string {
  return `disk${String(index)}.vhdx`
}

/** COM1 of a machine: local to the host, and the machine's alone. */
export function pipeName(vmId: string): string {
  return `azl-vm-${vmId}`
}

/** As Hyper-V takes it. */
export function pipePath(vmId: string): string {
  return `\\\\.\\pipe\\${pipeName(vmId)}`
}
