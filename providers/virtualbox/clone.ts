/**
 * A clone: disks that lie on what a snapshot of the original holds, everything else its own. Its machine, the anchor,
 * comes first, and its mark names what it will lie on. VirtualBox's clonevm would copy mark, ports and serial port as well.
 */
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotCloneNow } from '../../src/provider/machine-errors.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { applyDrives } from './apply.ts'
import { claim } from './claim.ts'
import { readMaking } from './questions.ts'
import { copyVariables, variablesOf } from './firmware-variables.ts'
import { imageIn, powerState } from './info.ts'
import { requireOwnMachine, type OwnMachine } from './machines.ts'
import { attachDisk, insertMedium } from './manage-calls.ts'
import { virtualBoxMark } from './mark-text.ts'
import { diskFile, groupOf, internalNetwork, opticalPorts, serialPath } from './names.ts'
import type { CardLink, CardRule } from './parameters.ts'
import type { Session } from './session.ts'
import type { Card } from './settings-file.ts'
import { findSnapshot, holdState } from './snapshots.ts'

export async function cloneMachine(
  session: Session,
  ref: MachineRef,
  request: CloneRequest,
  call: Call,
): Promise<void> {
  const original = await requireOwnMachine(session, ref, call)
  const held = request.snapshot === undefined ? undefined : findSnapshot(original, request.snapshot)
  if (!held) requireOff(original)
  const { mark } = request
  const { hardware, architecture } = original.settings
  const base = (held?.hardware ?? hardware).disks.toSorted((a, b) => a.port - b.port).map(({ uuid }) => uuid)
  const clone = await claim(
    session,
    {
      kind: 'machine',
      name: request.ref.name,
      id: request.ref.id,
      group: groupOf(mark.runId),
      // Below it are a folder for all groups of ours, one for the run, one for the machine.
      baseFolder: path.resolve(original.folder, '..', '..', '..'),
      architecture,
      ...(await readMaking(session, architecture, call)),
      memoryBytes: hardware.memoryBytes,
      cpus: hardware.cpus,
      diskCount: base.length,
      tpm: hardware.tpm,
      isNested: hardware.isNested,
      serialPath: serialPath(session.context, request.ref.id),
      cards: cardsLike(original, request),
      // The host's side is chosen anew.
      forwards: virtualBoxMark(original.mark).forwards.map((rule) => ({ ...rule, hostPort: 0 })),
    },
    { ref: request.ref, mark: { ...mark, provider: { base } } },
    call,
  )
  if (!held) {
    const note = { created: session.context.now().toISOString(), hasMemory: false }
    await holdState(session, ref, mark.runId, note, call)
  }
  await copyVariables(held?.variablesFile ?? variablesOf(original), variablesOf(clone))
  await applyDrives(session, clone, base.length, call)
  for (const [index, parent] of base.entries()) {
    const file = path.join(clone.folder, diskFile(index))
    const action = `lay a disk of ${request.ref.name} over one of ${ref.name}`
    const made = ['createmedium', 'disk', '--diffparent', parent, '--filename', file, '--format', 'VDI']
    await session.manage(made, { action }, call)
    await session.manage(attachDisk(request.ref.id, index, file), { action }, call)
  }
  // The drive is there where the original's was ejected, too.
  const drive = insertMedium(request.ref.id, opticalPorts.installer, imageIn(original, opticalPorts.installer))
  await session.manage(drive, { action: 'insert the medium of the original' }, call)
}

function requireOff({ ref, state }: OwnMachine): void {
  if (powerState(state) === 'off') return
  throw cannotCloneNow(ref, powerState(state))
}

function cardsLike({ mark, settings }: OwnMachine, request: CloneRequest): readonly CardRule[] {
  const modes = virtualBoxMark(mark).networkModes
  return settings.hardware.cards.map((card, index) => ({
    mode: modes[index] ?? ('nat' satisfies NetworkMode),
    mac: request.macs[index] ?? card.mac,
    link: linkLike(card, request.mark.runId, index),
  }))
}

function linkLike({ attachment, network = '' }: Card, runId: string, index: number): CardLink {
  switch (attachment) {
    case 'BridgedInterface':
      return { is: 'bridged', interface: network }
    case 'HostOnlyInterface':
      return { is: 'host-only', interface: network }
    case 'HostOnlyNetwork':
      return { is: 'host-only-net', network }
    case 'InternalNetwork':
      return { is: 'internal', network: internalNetwork(runId, index) }
    default:
      return { is: 'nat' }
  }
}
