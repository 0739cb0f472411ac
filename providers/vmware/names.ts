/** The names of all that a machine owns. Paths follow the rules of the platform, which is a parameter. */
import path from 'node:path'

export function pathsOf(platform: NodeJS.Platform): path.PlatformPath {
  return platform === 'win32' ? path.win32 : path.posix
}

/** Whether two names lead to one file; Windows and macOS keep names without regard to case. */
export function isSamePath(one: string, other: string, platform: NodeJS.Platform): boolean {
  const key = (file: string): string => {
    // Not normalize: it keeps a separator at the end.
    const whole = pathsOf(platform).resolve(file)
    return platform === 'linux' ? whole : whole.toLowerCase()
  }
  return key(one) === key(other)
}

const folderSuffix = '.azl-vm'

/** The machine's folder, by its name without regard to case: making it is the claim of the name. */
export function machineFolder(name: string): string {
  return `${name.toLowerCase()}${folderSuffix}`
}

/** A folder of a machine of ours, or what is left of it. */
export function isMachineFolder(name: string): boolean {
  return name.endsWith(folderSuffix)
}

/** The folder in which a run makes a machine, before it is renamed to the machine's. */
export function runFolder(runId: string): string {
  return `azl-vm-${runId}`
}

const runFolderPattern = /^azl-vm-([0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8})$/ // azl-vm-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11

/** The run that made a folder of this name; undefined where the name is none of ours. */
export function runIdOfFolder(name: string): string | undefined {
  return runFolderPattern.exec(name)?.[1]
}

export function vmxFile(name: string): string {
  return `${name}.vmx`
}

export function diskFile(index: number): string {
  return `disk${String(index)}.vmdk`
}

/** What a run exports, before it is moved out of the machine's folder. */
export function exportFile(runId: string): string {
  return `disk0-${runId}.export.vmdk`
}

/** The run that wrote such a file; undefined where the name is none. */
export function runIdOfExport(name: string): string | undefined {
  return /^disk0-([0-9a-z-]+)\.export\.vmdk$/.exec(name)?.[1]
}

/** Beside the .vmx: what changes while the machine runs, when VMware has the .vmx in its memory. */
export const noteFile = 'azl-vm.json'

/** In the default folder for machines: the other folders that machines of ours were made in. */
export const rootsFile = 'azl-vm-folders.json'

/** sockaddr_un has room for 107 bytes on Linux, 103 on macOS. */
const longestSocket = 100

/** Where VMware serves the serial port: a named pipe on Windows, elsewhere a socket, in the machine's folder if that is not too deep. */
export function serialPath(platform: NodeJS.Platform, folder: string, machineId: string): string {
  if (platform === 'win32') return `\\\\.\\pipe\\azl-vm-${machineId}`
  const inPlace = pathsOf(platform).join(folder, 'serial0')
  return Buffer.byteLength(inPlace) <= longestSocket ? inPlace : `/tmp/azl-vm-${machineId}.serial`
}

/** Longest file that VMware makes below a machine's folder, beside the name twice: `NAME-Snapshot999.vmsn`, `NAME.vmx.lck/M00000.lck`. */
export function longestInFolder(name: string): number {
  return name.length + 24
}

/** Whether a file is called as VMware calls the one that a snapshot lays over that disk. */
export function isLayerName(file: string, disk: string): boolean {
  const stem = disk.replace(/\.vmdk$/i, '')
  return file.startsWith(stem) && /^-\d{6}\.vmdk$/i.test(file.slice(stem.length)) // disk0-000001.vmdk
}

/** Files that azl-vm and VMware make for a machine of that name, but for its disks; what else lies in its folder is not ours. */
export function isOwnFile(file: string, name: string): boolean {
  const rest = file.toLowerCase().startsWith(name.toLowerCase()) ? file.slice(name.length) : undefined
  return (rest !== undefined && namedFile.test(rest)) || commonFile.test(file)
}

/** Behind the machine's name: configuration, firmware variables, snapshots, memory. */
const namedFile =
  /^(?:\.(?:vmx|vmxf|vmsd|nvram|vmem|vmss|scoreboard)|-Snapshot\d+\.(?:vmsn|vmem)|-[0-9a-f]{8}\.(?:vmss|vmem))$/i // .nvram, -Snapshot1.vmsn
const commonFile =
  /^(?:disk0-[0-9a-z-]+\.export\.vmdk|vmware(?:-\d+)?\.log|vmx-debug-\d+\.log|mksSandbox(?:-\d+)?\.log|vprintproxy(?:-\d+)?\.log|azl-vm\.json|serial0|.*\.lck|\.azl-vm\.json\.[0-9a-f]+|\.[^/]*\.vmx\.[0-9a-f]+)$/i // vmware-0.log, azl4.vmx.lck
