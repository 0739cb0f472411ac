/**
 * Snapshots by our own means: libvirt 9.0 cannot revert to external ones, and internal ones leave the firmware variables
 * out. Disks are frozen under new layers, firmware variables copied, memory is a file; all of it volumes of the pool.
 */
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { RestoreRequest, RestoreResult, SnapshotInfo, SnapshotRequest } from '../../src/provider/snapshot.ts'
import { changeMark } from './change-mark.ts'
import { volumesOfSnapshot } from './chains.ts'
import type { ArmedConsole } from './console.ts'
import { changeDomain } from './domain-edit.ts'
import { addForwards } from './forwards.ts'
import { powerState } from './info.ts'
import {
  copyVolume,
  currentDisks,
  currentNvram,
  filesOf,
  freezeDisks,
  layersOver,
  ownMachine,
  redefine,
  type OwnMachine,
} from './layers.ts'
import type { HeldState, KvmMark } from './mark-metadata.ts'
import { inPool } from './names.ts'
import { startOwnNetworks } from './own-networks.ts'
import { sweep, switchOff } from './removal.ts'
import { signalOf, type Session } from './session.ts'
import { findVolume, refreshPool } from './storage.ts'
import { memorySnapshotXml } from './snapshot-xml.ts'
import { noteLogState } from './start.ts'

export async function takeSnapshot(
  session: Session,
  ref: MachineRef,
  request: SnapshotRequest,
  call: Call,
): Promise<SnapshotInfo> {
  const machine = await ownMachine(session, ref, call)
  const { own } = machine
  const there = own.snapshots.find(({ name }) => isAlike(name, request.name))
  if (there)
    throw new AzlVmError('snapshot-exists', `the machine "${ref.name}" has a snapshot "${there.name}" already`, {
      hint: `Choose another name, or delete that one: \`azl-vm snapshot delete ${ref.name} ${there.name}\`.`,
    })
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
  throw new AzlVmError('resource-busy', `the machine "${domain.name}" is ${state}: its state cannot be held`, {
    hint: `Hold it when it is off or runs; \`azl-vm status ${domain.name}\` tells.`,
  })
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
  const change = { snapshots: [...own.snapshots, held], currentSnapshot: name }
  if (power === 'off') await freezeDisks(session, machine, runId, change, call)
  else await holdMemory(session, machine, runId, change, call)
  return held
}

/** QEMU writes the memory, freezes the disks and goes on; libvirt changes what is kept of the domain with it. */
async function holdMemory(
  session: Session,
  machine: OwnMachine,
  runId: string,
  own: Partial<KvmMark>,
  call: Call,
): Promise<void> {
  const { domain, config, poolPath, mark } = machine
  const files = filesOf(machine, runId)
  const xml = memorySnapshotXml(
    inPool(poolPath, files.memory),
    config.disks.map(({ target }, index) => ({ target, path: inPool(poolPath, files.disk(index)) })),
    config.optical.map(({ target }) => target),
  )
  await session.run(`hold the memory of ${domain.name}`, call, async () => {
    await domain.createSnapshot(xml, { ...signalOf(call), noMetadata: true, atomic: true })
  })
  await changeMark(session, domain, { provider: { ...mark.provider, ...own } }, call)
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

export async function restoreSnapshot(
  session: Session,
  ref: MachineRef,
  request: RestoreRequest,
  takeConsoles: () => readonly ArmedConsole[],
  call: Call,
): Promise<RestoreResult> {
  const machine = await ownMachine(session, ref, call)
  const held = findSnapshot(machine, request.name)
  const files = filesOf(machine, request.runId)
  // All that can fail comes before the machine is switched off.
  const diskPaths = await layersOver(session, machine, held.disks, request.runId, call)
  await copyVolume(session, machine, held.nvram, files.nvram, call)
  await startOwnNetworks(session, ref, call)
  await switchOff(session, machine.domain, call)
  // Where none was held, libvirt makes the variables anew at the next start.
  const nvramPath = inPool(machine.poolPath, files.nvram)
  await redefine(session, machine, { diskPaths, nvramPath }, { currentSnapshot: held.name }, call)
  const result =
    held.memory === undefined
      ? ({ state: 'off', outputs: {} } as const)
      : await goOn(session, ref, held, inPool(machine.poolPath, held.memory), takeConsoles(), call)
  await sweep(session, machine.mark, call)
  return result
}

/** Reads the memory back, with the disks as they are defined by now. */
async function goOn(
  session: Session,
  ref: MachineRef,
  held: HeldState,
  memoryPath: string,
  consoles: readonly ArmedConsole[],
  call: Call,
): Promise<RestoreResult> {
  const machine = await ownMachine(session, ref, call)
  const { domain, config, mark, own } = machine
  await noteLogState(session, ref, config, call)
  await session.run(`bring the memory of ${ref.name} back`, call, async (connection) => {
    const saved = await connection.saveImageXml(memoryPath, { ...signalOf(call), secure: true })
    const xml = changeDomain(saved, {
      mark,
      diskPaths: config.disks.map(({ path }) => path),
      ...(config.nvramPath === undefined ? {} : { nvramPath: config.nvramPath }),
    })
    // Not to be interrupted: libvirt would bring it back all the same, and nobody would know whose machine runs.
    await connection.restoreDomain(memoryPath, { xml, paused: true })
  })
  for (const console of consoles) await console.connect(domain, call)
  if (held.power === 'paused') return { state: 'paused', outputs: {} }
  await session.run(`resume ${ref.name}`, call, () => domain.resume(signalOf(call)))
  return { state: 'running', outputs: await addForwards(session, domain, own.forwards, call) }
}

export async function deleteSnapshot(session: Session, ref: MachineRef, name: string, call: Call): Promise<void> {
  const machine = await ownMachine(session, ref, call)
  const { domain, mark, own } = machine
  const gone = findSnapshot(machine, name)
  const snapshots = own.snapshots
    .filter((held) => held !== gone)
    .map(({ parent, ...held }) => {
      const above = parent === gone.name ? gone.parent : parent
      return above === undefined ? held : { ...held, parent: above }
    })
  const currentSnapshot = own.currentSnapshot === gone.name ? gone.parent : own.currentSnapshot
  await changeMark(session, domain, { provider: { ...mark.provider, snapshots, currentSnapshot } }, call)
  await sweep(session, mark, call)
}

export function findSnapshot({ domain, own }: Pick<OwnMachine, 'domain' | 'own'>, name: string): HeldState {
  const found = own.snapshots.find((held) => isAlike(held.name, name))
  if (found) return found
  const names = own.snapshots.map((held) => held.name).join(', ')
  throw new AzlVmError('snapshot-not-found', `the machine "${domain.name}" has no snapshot "${name}"`, {
    hint: names === '' ? 'It has none at all.' : `It has: ${names}.`,
  })
}

function isAlike(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
