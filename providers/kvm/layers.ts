/**
 * A machine's files as of now, and new layers on them. The one step that counts is the definition of the domain: disks,
 * firmware variables and the mark with the list of snapshots change in it together, or not at all.
 */
import { posix } from 'node:path'
import type { Domain, StoragePool } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { DomainConfig } from './domain-config.ts'
import { changeDomain, type DomainChange } from './domain-edit.ts'
import { kvmMark, withOwn, type KvmMark, type OwnChange } from './mark-metadata.ts'
import { inPool, laterFiles, type LaterFiles } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { findPool, findVolume, refreshPool } from './storage.ts'
import { overlayXml, volumeXml } from './storage-xml.ts'
import { parseXml } from './xml-reader.ts'

/** A machine of ours with all that a change of its files needs. */
export interface OwnMachine {
  readonly domain: Domain
  readonly config: DomainConfig
  readonly mark: Mark
  readonly own: KvmMark
  readonly pool: StoragePool
  readonly poolPath: string
}

export async function ownMachine(session: Session, ref: MachineRef, call: Call): Promise<OwnMachine> {
  const domain = await session.domain(ref, call)
  const config = await session.config(domain, call)
  const { mark } = config
  if (mark?.machineId !== ref.id) throw notOwned(ref)
  const own = kvmMark(mark)
  const pool = await findPool(session, own.pool, call)
  if (!pool) throw new AzlVmError('backend-failed', `the pool ${own.pool} of the machine "${ref.name}" is gone`)
  const poolPath = await session.run('read the pool', call, async () => {
    // What libvirt and QEMU wrote by themselves is else unknown to it.
    await refreshPool(pool, call)
    return parseXml(await pool.xml(signalOf(call))).find('target', 'path')?.text ?? ''
  })
  return { domain, config, mark, own, pool, poolPath }
}

export function filesOf({ mark }: Pick<OwnMachine, 'mark'>, makerRunId: string): LaterFiles {
  return laterFiles(mark.name, mark.runId, makerRunId)
}

/** The volumes that the machine's disks are now, by index. */
export function currentDisks({ config }: Pick<OwnMachine, 'config'>): readonly string[] {
  return config.disks.map(({ path }) => posix.basename(path))
}

/** Makes a volume that holds only what will differ from another one of the same pool. */
export async function layOver(
  session: Session,
  { pool, poolPath }: Pick<OwnMachine, 'pool' | 'poolPath'>,
  below: string,
  name: string,
  call: Call,
): Promise<string> {
  return await session.run(`lay ${name} over ${below}`, call, async () => {
    const { capacityBytes } = await (await pool.lookupVolume(below, signalOf(call))).info(signalOf(call))
    await pool.createVolume(overlayXml(name, capacityBytes, inPool(poolPath, below)), signalOf(call))
    return inPool(poolPath, name)
  })
}

/** Copies a volume; false where there is none to copy: firmware variables exist from the first start on. */
export async function copyVolume(
  session: Session,
  { pool }: Pick<OwnMachine, 'pool'>,
  from: string | undefined,
  name: string,
  call: Call,
): Promise<boolean> {
  if (from === undefined) return false
  return await session.run(`copy ${from} to ${name}`, call, async () => {
    const volume = await findVolume(pool, from, call)
    if (!volume) return false
    const { capacityBytes } = await volume.info(signalOf(call))
    await pool.cloneVolume(volumeXml(name, capacityBytes, 'raw'), volume, signalOf(call))
    return true
  })
}

export function currentNvram({ config }: Pick<OwnMachine, 'config'>): string | undefined {
  return config.nvramPath === undefined ? undefined : posix.basename(config.nvramPath)
}

/** Defines the machine anew, with other files and another part of ours in its mark, in one step. */
export async function redefine(
  session: Session,
  machine: OwnMachine,
  change: Omit<DomainChange, 'mark'>,
  own: OwnChange,
  call: Call,
): Promise<void> {
  const { domain } = machine
  await session.run(`define ${domain.name} anew`, call, async (connection) => {
    const xml = await domain.xml({ ...signalOf(call), inactive: true, secure: true })
    // The mark as it is by now; another verb may have written its phase.
    const mark = session.parse(xml).mark ?? machine.mark
    await connection.defineDomain(changeDomain(xml, { ...change, mark: withOwn(mark, own) }), signalOf(call))
  })
}

/** Freezes the disks as they are: the machine, which is off, goes on with new layers. Returns the frozen ones. */
export async function freezeDisks(
  session: Session,
  machine: OwnMachine,
  makerRunId: string,
  own: OwnChange,
  call: Call,
): Promise<readonly string[]> {
  const frozen = currentDisks(machine)
  const diskPaths = await layersOver(session, machine, frozen, makerRunId, call)
  await redefine(session, machine, { diskPaths }, own, call)
  return frozen
}

/** New layers for the machine's disks, on the given volumes. Returns their paths. */
export async function layersOver(
  session: Session,
  machine: OwnMachine,
  below: readonly string[],
  makerRunId: string,
  call: Call,
): Promise<readonly string[]> {
  const files = filesOf(machine, makerRunId)
  const paths: string[] = []
  for (const [index, name] of below.entries())
    paths.push(await layOver(session, machine, name, files.disk(index), call))
  return paths
}
