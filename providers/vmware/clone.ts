/** A clone: VMware lays its disks over what a snapshot of the original holds; everything else becomes its own. */
import { readFile } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { cannotCloneNow } from '../../src/provider/machine-errors.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { withClaimedName } from './claim.ts'
import { cardsOf, diskNames, installerOf } from './info.ts'
import { drives, macLines, serialLines, spacedUuid, withMedium } from './machine-vmx.ts'
import { stateOf } from './machine-state.ts'
import { requireOwnMachine, writeVmx, type OwnMachine } from './machines.ts'
import { markText } from './mark-line.ts'
import { machineFolder, pathsOf, serialPath, vmxFile } from './names.ts'
import { lanSegment } from './plan.ts'
import type { Session } from './session.ts'
import { findSnapshot, makeBase, sweepSnapshots } from './snapshots.ts'
import { VmxFile } from './vmx-file.ts'
import { requireKnown } from './vmx-keys.ts'

/** Milliseconds; the disks are not copied. */
const cloneTimeoutMs = 600_000

export async function cloneMachine(
  session: Session,
  ref: MachineRef,
  request: CloneRequest,
  call: Call,
): Promise<void> {
  const original = await requireOwnMachine(session, ref, call)
  const paths = pathsOf(session.platform)
  const root = paths.dirname(original.folder)
  const folder = paths.join(root, machineFolder(request.ref.name))
  const named = request.snapshot === undefined ? undefined : await snapshotOf(session, original, request.snapshot)
  if (named === undefined) await requireOff(session, original, call)
  try {
    await withClaimedName(session, root, folder, request, call, async (made) => {
      const base = named ?? (await makeBase(session, original, request.mark.runId, call))
      const file = paths.join(made, vmxFile(request.ref.name))
      const args = ['clone', original.file, file, 'linked', `-snapshot=${base}`, `-cloneName=${request.ref.name}`]
      await session.vmrun(args, { action: `clone ${ref.name}`, timeoutMs: cloneTimeoutMs }, call)
      const vmx = VmxFile.parse(await readFile(file, 'utf8'))
      await writeVmx({ file }, ownIdentity(session, vmx, original, request, folder))
    })
  } catch (error) {
    // The name may have been taken after the snapshot was made for it.
    if (named === undefined) await sweepSnapshots(session, ref.id, { ...call, signal: new AbortController().signal })
    throw error
  }
}

/** VMware clones what a machine that was off held. */
async function snapshotOf(session: Session, original: OwnMachine, name: string): Promise<string> {
  const held = await findSnapshot(session, original, name)
  if (!held.hasMemory) return held.name
  throw new AzlVmError('not-supported', `the snapshot "${held.name}" was taken while the machine ran`, {
    hint: 'VMware clones only what a machine that was off held: take a snapshot of it when it is off.',
  })
}

async function requireOff(session: Session, original: OwnMachine, call: Call): Promise<void> {
  const { state } = await stateOf(session, original, call)
  if (state === 'off') return
  throw cannotCloneNow(original.ref, state)
}

/** What VMware copied and a machine has for itself alone; the drive is as the original's is now. */
function ownIdentity(
  session: Session,
  copied: VmxFile,
  original: OwnMachine,
  { ref, mark, macs }: CloneRequest,
  folder: string,
): VmxFile {
  const file = pathsOf(session.platform).join(folder, vmxFile(ref.name))
  const installer = installerOf(original)
  const cards = cardsOf({ vmx: copied })
  const changed = copied
    .without((key) => key === 'uuid.location')
    .with(
      ...requireKnown([
        ['displayName', ref.name],
        ['azlvm.mark', markText(mark, file, diskNames(copied))],
        ['uuid.bios', spacedUuid(ref.id)],
        ['uuid.action', 'keep'],
        ...cards.flatMap(({ device, mode }, index) => [
          ...macLines(device, macs[index] ?? ''),
          ...(mode === 'isolated' ? ([[`${device}.pvnID`, spacedUuid(lanSegment(mark.runId, index))]] as const) : []),
        ]),
        ...serialLines(serialPath(session.platform, folder, ref.id)),
      ]),
    )
  return withMedium(changed, drives.installer, installer)
}
