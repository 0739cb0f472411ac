/** The names of all that a machine owns, and the patterns that know them again. */
import path from 'node:path'
import type { ProviderContext } from '../../src/provider/contract.ts'

export const providerName = 'virtualbox'

const groupRoot = 'azl-vm'

/** A machine's group, given in the act of making it; VirtualBox also makes folders of these names for the machine. */
export function groupOf(runId: string): string {
  return `/${groupRoot}/${runId}`
}

const runIdPattern = /^[0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8}$/ // 5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11
const groupPattern = /^\/azl-vm\/([^/]+)$/ // /azl-vm/5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11

/** The run that a group names; undefined where it is none of ours. */
export function runIdOfGroup(group: string): string | undefined {
  const [, text = ''] = groupPattern.exec(group) ?? []
  return isRunId(text) ? text : undefined
}

export function isRunId(text: string): boolean {
  return runIdPattern.test(text)
}

/** A path of the system that a plan is for, which may be written on another one. */
export function joinPath(platform: NodeJS.Platform, ...parts: readonly string[]): string {
  return (platform === 'win32' ? path.win32 : path.posix).join(...parts)
}

/** Holds a folder for each run, in a folder where machines are kept. */
export function runsFolder(root: string): string {
  return path.join(root, groupRoot)
}

/** The folder of a run's machine, as VirtualBox will make it. */
export function machineFolder(platform: NodeJS.Platform, root: string, runId: string, name: string): string {
  return joinPath(platform, root, groupRoot, runId, name)
}

/** The run in whose folder a file lies; undefined where it is none of ours. */
export function runIdOfFile(file: string): string | undefined {
  const parts = file.split(/[\\/]/)
  return parts.find((part, index) => parts[index - 1] === groupRoot && isRunId(part))
}

/** In the machine's folder. */
export function diskFile(index: number): string {
  return `disk${String(index)}.vdi`
}

/** In the machine's folder: what the program that runs it says until the machine is there. */
export const startLog = 'start.log'

/** What a run exports lies here until it is moved to its place. */
export function exportFile(runId: string, extension: string): string {
  return `export-${runId}.${extension}`
}

const exportPattern = /^export-([0-9a-z-]+)\.[a-z]+$/ // export-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11.vhd

/** The run that exports into a file of this name; undefined where the name is none of ours. */
export function runIdOfExport(name: string): string | undefined {
  const [, runId = ''] = exportPattern.exec(name) ?? []
  return isRunId(runId) ? runId : undefined
}

/** The one storage controller; peers' users could not boot from high ports (packer-plugin-virtualbox#192). */
export const controller = 'SATA'
/** Both drives are there from the first start on. Disks have port 0 and those after the drives. */
export const opticalPorts = { installer: 1, seed: 2 } as const

export function diskPort(index: number): number {
  return index === 0 ? 0 : index + Object.keys(opticalPorts).length
}

/** sockaddr_un has room for 107 bytes on Linux, 103 on macOS. */
const longestSocketPath = 100

/** Where VirtualBox serves a machine's serial port: a pipe of Windows, or a socket in a folder of this user's alone. */
export function serialPath(
  { platform, recorder, uid, env }: Pick<ProviderContext, 'platform' | 'recorder' | 'uid' | 'env'>,
  machineId: string,
): string {
  if (platform === 'win32') return `\\\\.\\pipe\\azl-vm-${machineId}`
  // Beside what its recorder keeps, and gone with that.
  const usual = path.join(recorder.folder, providerName, machineId, 'com1.sock')
  if (Buffer.byteLength(usual) <= longestSocketPath) return usual
  return path.join(env['TMPDIR'] ?? '/tmp', `azl-vm-${String(uid ?? 0)}`, `${machineId}.sock`)
}

/** The machine's own internal network, for the card at `index`. */
export function internalNetwork(runId: string, index: number): string {
  return `azl-vm-${runId}-${String(index)}`
}

/** Of the rule by which a port of the host leads to one of the guest. */
export function ruleName(guestPort: number): string {
  return `azl-vm-${String(guestPort)}`
}
