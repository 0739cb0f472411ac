/** Snapshots and clones of the hypervisor in memory: files that lie on files, as differencing disks do. */
import { AzlVmError } from '../../src/errors.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type {
  CloneRequest,
  RestoreRequest,
  RestoreResult,
  SnapshotInfo,
  SnapshotRequest,
} from '../../src/provider/snapshot.ts'
import { MemoryMachine, type MemorySnapshot } from './memory-machine.ts'
import type { MemoryHypervisor } from './memory-provider.ts'

export function takeSnapshot(hypervisor: MemoryHypervisor, ref: MachineRef, request: SnapshotRequest): SnapshotInfo {
  const machine = hypervisor.machine(ref)
  const { off, memory } = hypervisor.capabilities.snapshots
  if (machine.snapshots.some((each) => isAlike(each.name, request.name)))
    throw new AzlVmError('snapshot-exists', `"${ref.name}" has a snapshot "${request.name}" already`)
  if (machine.isOn ? !memory : !off) throw new AzlVmError('not-supported', 'no such snapshots here')
  const taken: MemorySnapshot = {
    name: request.name,
    created: request.created,
    parent: machine.snapshots.find((each) => each.isCurrent)?.name,
    isCurrent: true,
    disks: machine.config.disks.map(({ where }) => where),
    image: machine.isOn ? machine.saveMemory() : undefined,
  }
  layOver(hypervisor, machine, taken.disks, request.runId)
  for (const each of machine.snapshots) each.isCurrent = false
  machine.snapshots.push(taken)
  return infoOf(machine, taken)
}

export function snapshotsOf(hypervisor: MemoryHypervisor, ref: MachineRef): readonly SnapshotInfo[] {
  const machine = hypervisor.machine(ref)
  return machine.snapshots.map((each) => infoOf(machine, each))
}

export function restoreSnapshot(hypervisor: MemoryHypervisor, ref: MachineRef, request: RestoreRequest): RestoreResult {
  const machine = hypervisor.machine(ref)
  const found = findSnapshot(machine, request.name)
  machine.end('off')
  layOver(hypervisor, machine, found.disks, request.runId)
  for (const each of machine.snapshots) each.isCurrent = each === found
  if (found.image) machine.restoreMemory(found.image)
  sweep(hypervisor, machine)
  return { state: machine.state, outputs: {} }
}

export function removeSnapshot(hypervisor: MemoryHypervisor, ref: MachineRef, name: string): void {
  const machine = hypervisor.machine(ref)
  const found = findSnapshot(machine, name)
  machine.snapshots = machine.snapshots
    .filter((each) => each !== found)
    .map((each) => ({
      ...each,
      parent: each.parent === found.name ? found.parent : each.parent,
      isCurrent: each.isCurrent || (found.isCurrent && each.name === found.parent),
    }))
  sweep(hypervisor, machine)
}

export function cloneMachine(hypervisor: MemoryHypervisor, ref: MachineRef, request: CloneRequest): void {
  const machine = hypervisor.machine(ref)
  const from = request.snapshot === undefined ? undefined : findSnapshot(machine, request.snapshot)
  if (!from && machine.isOn) throw new AzlVmError('resource-busy', `the machine "${ref.name}" is on`)
  const alike = [...hypervisor.machines.values()].find((each) => isAlike(each.ref.name, request.ref.name))
  if (alike) throw new AzlVmError('machine-exists', `there is already a machine "${alike.ref.name}"`)
  const base = from?.disks ?? machine.config.disks.map(({ where }) => where)
  const clone = new MemoryMachine(
    () => hypervisor.guest,
    request.ref,
    { ...request.mark, provider: machine.mark?.provider ?? {} },
    {
      ...machine.config,
      networks: machine.config.networks.map(({ mode }, index) => ({ mode, mac: request.macs[index] ?? '' })),
    },
  )
  clone.medium = machine.medium
  hypervisor.machines.set(request.ref.id, clone)
  if (!from) layOver(hypervisor, machine, base, request.mark.runId)
  clone.config = {
    ...clone.config,
    disks: clone.config.disks.map(({ sizeBytes }, index) => {
      const where = `${request.ref.name}.${request.mark.runId}.disk${String(index)}`
      hypervisor.files.set(where, request.mark.runId)
      hypervisor.backings.set(where, base[index] ?? '')
      return { where, sizeBytes }
    }),
  }
}

/** Whose disks lie on files of the machine. */
export function dependentsOf(hypervisor: MemoryHypervisor, ref: MachineRef): readonly MachineRef[] {
  const machine = hypervisor.machines.get(ref.id)
  if (!machine) return []
  const others = [...hypervisor.machines.values()].filter((each) => each !== machine)
  return others
    .filter((each) =>
      ownFiles(hypervisor, each).some((name) =>
        ownFiles(hypervisor, machine).includes(hypervisor.backings.get(name) ?? ''),
      ),
    )
    .map((each) => each.ref)
}

function ownFiles(hypervisor: MemoryHypervisor, machine: MemoryMachine): readonly string[] {
  return [...hypervisor.files].filter(([, runId]) => runId === machine.mark?.runId).map(([name]) => name)
}

/** New files on the given ones; the machine goes on with the new. */
function layOver(hypervisor: MemoryHypervisor, machine: MemoryMachine, base: readonly string[], runId: string): void {
  machine.config = {
    ...machine.config,
    disks: machine.config.disks.map(({ where, sizeBytes }, index) => {
      const over = `${machine.ref.name}.${machine.mark?.runId ?? ''}.disk${String(index)}.${runId}`
      hypervisor.files.set(over, machine.mark?.runId)
      hypervisor.backings.set(over, base[index] ?? where)
      return { where: over, sizeBytes }
    }),
  }
}

/** Takes away what the machine has and nothing needs any more. */
function sweep(hypervisor: MemoryHypervisor, machine: MemoryMachine): void {
  const needed = new Set<string>()
  const need = (name: string | undefined): void => {
    for (let at = name; at !== undefined && !needed.has(at); at = hypervisor.backings.get(at)) needed.add(at)
  }
  for (const each of hypervisor.machines.values()) {
    for (const { where } of each.config.disks) need(where)
    for (const { disks } of each.snapshots) disks.forEach(need)
  }
  for (const name of ownFiles(hypervisor, machine)) if (!needed.has(name)) hypervisor.files.delete(name)
}

function findSnapshot(machine: MemoryMachine, name: string): MemorySnapshot {
  const found = machine.snapshots.find((each) => isAlike(each.name, name))
  if (found) return found
  throw new AzlVmError('snapshot-not-found', `"${machine.ref.name}" has no snapshot "${name}"`)
}

function infoOf({ config }: MemoryMachine, { name, created, parent, isCurrent, image }: MemorySnapshot): SnapshotInfo {
  return {
    name,
    created,
    hasMemory: image !== undefined,
    ...(parent === undefined ? {} : { parent }),
    isCurrent,
    ...(config.tpm ? { isTpmHeld: image !== undefined } : {}),
  }
}

function isAlike(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
