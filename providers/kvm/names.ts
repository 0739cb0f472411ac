/** The names of all that a machine owns: volumes of one pool, each telling the machine and the run that made it. */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { Medium } from '../../src/provider/machine.ts'

/** The pool where the spec names no place; pools for a place begin with the same text. */
export const poolName = 'azl-vm'

/** One pool for one folder, with or without a slash at its end: libvirt takes no second pool there. */
export function poolNameFor(storagePath: string | undefined): string {
  if (storagePath === undefined) return poolName
  return `${poolName}-${createHash('sha256').update(posix.resolve(storagePath)).digest('hex').slice(0, 8)}`
}

const ourPoolPattern = /^azl-vm(?:-[0-9a-f]{8})?$/ // azl-vm-1f0e9d2c

export function isOurPool(name: string): boolean {
  return ourPoolPattern.test(name)
}

/** A transient pool that only looks at a folder of the user's; nothing in it is ever ours. */
export function lookPoolName(runId: string): string {
  return `azl-look-${runId}`
}

const lookPoolPattern = /^azl-look-(.+)$/ // azl-look-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11

export function runIdOfLookPool(name: string): string | undefined {
  return lookPoolPattern.exec(name)?.[1]
}

/** A machine's own switch; the name of a network may have 50 characters and more. */
export function networkName(runId: string, index: number): string {
  return `azl-vm-${runId}-${String(index)}`
}

/** The network of all machines with a card of mode host-only that name no other; it goes with the last of them. */
export const hostOnlyNetwork = 'azl-vm-host-only'

const networkPattern = /^azl-vm-(.+)-\d$/ // azl-vm-5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11-0

export function runIdOfNetwork(name: string): string | undefined {
  return networkPattern.exec(name)?.[1]
}

export function isOurNetwork(name: string): boolean {
  return name === hostOnlyNetwork || runIdOfNetwork(name) !== undefined
}

export interface MachineFiles {
  /** `<name>.<run id>`; every volume of the machine begins with it and a dot. */
  readonly base: string
  disk(index: number): string
  readonly nvram: string
  /** Of the domain's serial port at `index`. */
  serialLog(index: number): string
}

/** The firmware's port, or the only one; the system's own. */
const serialLogNames = ['serial.log', 'system.log']

export function machineFiles(name: string, runId: string): MachineFiles {
  const base = `${name}.${runId}`
  return {
    base,
    disk: (index) => `${base}.disk${String(index)}.qcow2`,
    nvram: `${base}.vars.fd`,
    serialLog: (index) => `${base}.${serialLogNames[index] ?? ''}`,
  }
}

/** What one later run makes of a machine: layers on its disks, copies of its firmware variables, its memory. */
export interface LaterFiles {
  disk(index: number): string
  readonly nvram: string
  readonly memory: string
}

/** Named by the machine's run and by the one that makes them, so that they can be judged when that one is dead. */
export function laterFiles(name: string, runId: string, makerRunId: string): LaterFiles {
  const { base } = machineFiles(name, runId)
  return {
    disk: (index) => `${base}.disk${String(index)}.${makerRunId}.qcow2`,
    nvram: `${base}.vars.${makerRunId}.fd`,
    memory: `${base}.memory.${makerRunId}.save`,
  }
}

/** A disk of a machine as a later run exports it. */
export function exportVolume(name: string, runId: string, makerRunId: string): string {
  return `${machineFiles(name, runId).base}.export.${makerRunId}.image`
}

/**
 * The names in a script that is run by hand: a pool of the machine's own, and nothing that azl-vm would take for
 * a thing of its own.
 */
export function namesByHand(name: string): {
  readonly pool: string
  readonly files: MachineFiles
  network(index: number): string
  readonly hostOnly: string
} {
  return {
    pool: `by-hand-${name}`,
    files: {
      base: name,
      disk: (index) => `disk${String(index)}.qcow2`,
      nvram: 'vars.fd',
      serialLog: (index) => serialLogNames[index] ?? '',
    },
    network: (index) => `by-hand-${name}-${String(index)}`,
    hostOnly: `by-hand-${name}-host-only`,
  }
}

const runIdText = '[0-9a-f]{8}-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[0-9a-f]{8}' // 5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11
// azl4.<run id>.serial.log.0, azl4.<run id>.disk0.qcow2, azl4.<run id>.disk0.<maker’s run id>.qcow2
const volumePattern = new RegExp(
  `^.+\\.(${runIdText})\\.(?:(?:serial|system)\\.log(?:\\.\\d+)?|(?:disk\\d+|vars|memory|export)(?:\\.(${runIdText}))?\\.(?:qcow2|fd|save|image))$`,
)

const serialLogPattern = /\.(?:serial|system)\.log(?:\.\d+)?$/ // azl4.<run id>.system.log.0

/** A serial log of a machine, the one that is written or an older one; its name is one of ours. */
export function isSerialLogVolume(name: string): boolean {
  return runIdOfVolume(name) !== undefined && serialLogPattern.test(name)
}

/** The run that made the machine of a volume, where the name is one of ours. */
export function runIdOfVolume(name: string): string | undefined {
  return volumePattern.exec(name)?.[1]
}

/** The later run that made a volume of a machine; undefined where it was made with the machine. */
export function makerOfVolume(name: string): string | undefined {
  return volumePattern.exec(name)?.[2]
}

/** The name of a medium's shared copy. Its path is one of this computer, which may be another system's than libvirt's. */
export function isoVolumeOf(medium: Medium): string {
  return isoVolumeName(medium.sha256, medium.path.split(/[/\\]/).at(-1) ?? '')
}

/** The shared copy of an ISO: `iso-<sha256:12>-<file name>`, and beside it the empty `.ok` that says it is whole. */
export function isoVolumeName(sha256: string, fileName: string): string {
  const safe = fileName.replace(/[^A-Za-z0-9._-]/g, '_').slice(-80)
  return `iso-${sha256.slice(0, 12)}-${safe}`
}

export function okVolumeName(isoVolume: string): string {
  return `${isoVolume}.ok`
}

const isoPattern = /^iso-([0-9a-f]{12})-.+$/ // iso-0f343b0931cd-netinst.iso

/** The first 12 hex digits of the digest of a shared ISO (or of its `.ok`), where the name is one of ours. */
export function digestOfIsoVolume(name: string): string | undefined {
  return isoPattern.exec(name)?.[1]
}

/** Paths on the hypervisor's host are always POSIX: libvirt's QEMU driver runs there only. */
export function inPool(poolPath: string, volume: string): string {
  return posix.join(poolPath, volume)
}
