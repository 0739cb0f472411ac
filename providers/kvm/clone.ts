/** A clone: the base disk frozen and shared, everything else its own. The clone's domain, its anchor, comes first. */
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotCloneNow } from '../../src/provider/machine-errors.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { claim } from './claim.ts'
import { changeDomain } from './domain-edit.ts'
import { powerState } from './info.ts'
import { copyVolume, currentDisks, currentNvram, freezeDisks, layOver, ownMachine, type OwnMachine } from './layers.ts'
import type { KvmMark } from './mark-metadata.ts'
import { inPool, machineFiles } from './names.ts'
import { startOwnNetworks } from './own-networks.ts'
import { signalOf, type Session } from './session.ts'
import { findSnapshot } from './snapshots.ts'

export async function cloneDomain(session: Session, ref: MachineRef, request: CloneRequest, call: Call): Promise<void> {
  const original = await ownMachine(session, ref, call)
  const base = await baseOf(session, original, request, call)
  const files = machineFiles(request.ref.name, request.mark.runId)
  const own = ownPartOf(original, request, base.disks)
  await claim(session, await cloneXml(session, original, request, own, call), request, call)
  if (request.snapshot === undefined) await freezeDisks(session, original, request.mark.runId, () => ({}), call)
  await startOwnNetworks(session, request.ref, call)
  for (const [index, below] of base.disks.entries()) await layOver(session, original, below, files.disk(index), call)
  await copyVolume(session, original, base.nvram, files.nvram, call)
}

interface Base {
  readonly disks: readonly string[]
  readonly nvram: string | undefined
}

async function baseOf(session: Session, original: OwnMachine, { snapshot }: CloneRequest, call: Call): Promise<Base> {
  if (snapshot !== undefined) {
    const { disks, nvram } = findSnapshot(original, snapshot)
    return { disks, nvram }
  }
  const { domain } = original
  const state = powerState(
    await session.run(`read the state of ${domain.name}`, call, () => domain.state(signalOf(call))),
  )
  if (state === 'off') return { disks: currentDisks(original), nvram: currentNvram(original) }
  throw cannotCloneNow(domain, state)
}

function ownPartOf(original: OwnMachine, { mark }: CloneRequest, base: readonly string[]): KvmMark {
  const { own } = original
  return {
    ...own,
    // Two machines never fight for a port: the host's side is any.
    forwards: own.forwards.map((rule) => ({ ...rule, hostPort: 0 })),
    ownNetworks: own.ownNetworks.map((name) => name.replace(original.mark.runId, mark.runId)),
    logBytesAtStart: 0,
    rotationAtStart: '',
    systemLogAtStart: undefined,
    snapshots: [],
    currentSnapshot: undefined,
    unreadMemory: undefined,
    base,
  }
}

async function cloneXml(
  session: Session,
  { domain, config, own: before, poolPath }: OwnMachine,
  { ref, mark, macs }: CloneRequest,
  own: KvmMark,
  call: Call,
): Promise<string> {
  const files = machineFiles(ref.name, mark.runId)
  const xml = await session.run(`read ${domain.name}`, call, () =>
    domain.xml({ ...signalOf(call), inactive: true, secure: true }),
  )
  return changeDomain(xml, {
    name: ref.name,
    uuid: ref.id,
    mark: { ...mark, provider: { ...own } },
    diskPaths: config.disks.map((_, index) => inPool(poolPath, files.disk(index))),
    nvramPath: inPool(poolPath, files.nvram),
    serialLogPaths: config.serialLogPaths.map((_, index) => inPool(poolPath, files.serialLog(index))),
    macs,
    networks: new Map(before.ownNetworks.map((name, index) => [name, own.ownNetworks[index] ?? name])),
  })
}
