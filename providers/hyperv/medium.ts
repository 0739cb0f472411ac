/** The installer's drive: a medium is read where it lies, or from a copy on the host; the user's file stays as it is. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, Medium } from '../../src/provider/machine.ts'
import { mediumOnHost } from './host-media.ts'
import { requireVmId } from './machines.ts'
import { opticalLocations } from './names.ts'
import type { Session } from './session.ts'

/** Returns where the hypervisor reads it. */
export async function attachMedium(session: Session, ref: MachineRef, medium: Medium, call: Call): Promise<string> {
  const path = await mediumOnHost(session, medium, call)
  await setDrive(session, ref, path, `insert ${path}`, call)
  return path
}

export async function ejectMedium(session: Session, ref: MachineRef, call: Call): Promise<void> {
  await setDrive(session, ref, '', `eject the medium of ${ref.name}`, call)
}

async function setDrive(session: Session, ref: MachineRef, path: string, action: string, call: Call): Promise<void> {
  const args = { id: await requireVmId(session, ref, call), location: opticalLocations.installer, path }
  await session.run('set-dvd', args, { action, schema: z.literal(true) }, call)
}
