/**
 * Snapshots by our own means: libvirt 9.0 cannot revert to external ones, and internal ones leave the firmware variables
 * out. Disks are frozen under new layers, firmware variables copied, memory is a file; all of it volumes of the pool.
 */
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotHold } from '../../src/provider/machine-errors.ts'
import type { SnapshotInfo, SnapshotRequest } from '../../src/provider/snapshot.ts'
import { requireSnapshot, snapshotExists, snapshotNamed } from '../../src/provider/snapshot-names.ts'
import { changeMark } from './change-mark.ts'
import { volumesOfSnapshot } from './chains.ts'
import { powerState } from './info.ts'
import { copyVolume, currentDisks, currentNvram, filesOf, freezeDisks, ownMachine, type OwnMachine } from './layers.ts'
import { withOwn, type HeldState, type KvmMark, type OwnChange } from './mark-metadata.ts'
import { inPool } from './names.ts'
import { sweep } from './removal.ts'
import { signalOf, type Session } from './session.ts'
import { findVolume, refreshPool } from './storage.ts'
import { memorySnapshotXml } from './snapshot-xml.ts'

export async function takeSnapshot(
  session: Session,
  ref: MachineRef,
  request: SnapshotRequest,
  call: Call,
): Promise<SnapshotInfo> {
  const machine = await ownMachine(session, ref, call)
  const { own } = machine
  const there = snapshotNamed(own.snapshots, request.name)
  if (there) throw snapshotExists(ref.name, there)
  const held = await hold(session, machine, request, await powerToHold(session, machine, call), call)
  // QEMU wrote the memory, and the pool has not looked at its folder since.
  await session.run('look at the pool', call, () => refreshPool(machine.pool, call))
  return await infoOf(session, machine, held, true, call)
}

async function powerToHold(session: Session, { domain }: OwnMachine, call: Call): Promise<HeldState['power']> {
  const state = powerState(
    await session.run(`read the state of ${domain.name}`, call, () => domain.state(signalOf(call))),
  )
  if (state === 'off' || state === 'running' || state === 'paused') return state
  throw cannotHold(domain, state)
}

async function hold(
  session: Session,
  machine: OwnMachine,
  { name, created, runId }: SnapshotRequest,
  power: HeldState['power'],
  call: Call,
): Promise<HeldState> {
  const { own, config } = machine
  const files = filesOf(machine, runId)
  const hasNvram = await copyVolume(session, machine, currentNvram(machine), files.nvram, call)
  const held: HeldState = {
    name,
    created,
    ...(own.currentSnapshot === undefined ? {} : { parent: own.currentSnapshot }),
    disks: currentDisks(machine),
    ...(hasNvram ? { nvram: files.nvram } : {}),
    ...(power === 'off' ? {} : { memory: files.memory }),
    power,
    media: power === 'off' ? [] : config.optical.flatMap(({ path }) => (path === undefined ? [] : [path])),
  }
  const change: OwnChange = (now) => ({ snapshots: [...now.snapshots, held], currentSnapshot: name })
  if (power === 'off') await freezeDisks(session, machine, runId, change, call)
  else await holdMemory(session, machine, runId, change, call)
  return held
}

/** QEMU writes the memory, freezes the disks and goes on; libvirt changes what is kept of the domain with it. */
async function holdMemory(
  session: Session,
  machine: OwnMachine,
  runId: string,
  own: OwnChange,
  call: Call,
): Promise<void> {
  const { domain, config, poolPath } = machine
  const files = filesOf(machine, runId)
  const xml = memorySnapshotXml(
    inPool(poolPath, files.memory),
    config.disks.map(({ target }, index) => ({ target, path: inPool(poolPath, files.disk(index)) })),
    config.optical.map(({ target }) => target),
  )
  await session.run(`hold the memory of ${domain.name}`, call, async () => {
    await domain.createSnapshot(xml, { ...signalOf(call), noMetadata: true, atomic: true })
  })
  await changeMark(session, domain, (mark) => withOwn(mark, own), call)
}

export async function listSnapshots(session: Session, ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
  const machine = await ownMachine(session, ref, call)
  const { snapshots, currentSnapshot } = machine.own
  const infos: SnapshotInfo[] = []
  for (const held of snapshots) infos.push(await infoOf(session, machine, held, held.name === currentSnapshot, call))
  return infos
}

async function infoOf(
  session: Session,
  { pool, config }: OwnMachine,
  held: HeldState,
  isCurrent: boolean,
  call: Call,
): Promise<SnapshotInfo> {
  const sizeBytes = await session.run(`look at the snapshot ${held.name}`, call, async () => {
    let sum = 0
    for (const name of volumesOfSnapshot(held)) {
      const volume = await findVolume(pool, name, call)
      sum += volume ? (await volume.info(signalOf(call))).allocationBytes : 0
    }
    return sum
  })
  const { name, created, parent, memory } = held
  return {
    name,
    created,
    hasMemory: memory !== undefined,
    ...(parent === undefined ? {} : { parent }),
    isCurrent,
    // QEMU keeps it with the memory; what swtpm has of a machine that is off is out of libvirt's reach.
    ...(config.tpm ? { isTpmHeld: memory !== undefined } : {}),
    sizeBytes,
  }
}

export async function deleteSnapshot(session: Session, ref: MachineRef, name: string, call: Call): Promise<void> {
  const machine = await ownMachine(session, ref, call)
  const gone = findSnapshot(machine, name)
  await changeMark(session, machine.domain, (mark) => withOwn(mark, (own) => without(own, gone)), call)
  await sweep(session, machine.mark, call)
}

function without({ snapshots, currentSnapshot }: KvmMark, gone: HeldState): Partial<KvmMark> {
  const above = (name: string | undefined): string | undefined => (name === gone.name ? gone.parent : name)
  const left = snapshots.filter(({ name }) => name !== gone.name)
  return {
    snapshots: left.map(({ parent, ...held }) => {
      const under = above(parent)
      return under === undefined ? held : { ...held, parent: under }
    }),
    currentSnapshot: above(currentSnapshot),
  }
}

export function findSnapshot({ domain, own }: Pick<OwnMachine, 'domain' | 'own'>, name: string): HeldState {
  return requireSnapshot(domain.name, own.snapshots, name)
}
