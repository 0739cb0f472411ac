import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { noScreen } from '../../src/provider/machine-errors.ts'
import { requireBrief } from './machines.ts'
import { pngOfRgb565 } from './rgb565.ts'
import type { Session } from './session.ts'

const schema = z.object({ width: z.number(), height: z.number(), pixels: z.string() })

/** Hyper-V has no cmdlet for it; its WMI provider draws a picture for its own manager. */
export async function screenshotOf(session: Session, ref: MachineRef, call: Call): Promise<Uint8Array> {
  const { vmId } = await requireBrief(session, ref, call)
  const asked = { action: `take a screenshot of ${ref.name}`, schema }
  const { width, height, pixels } = await session.run('get-vm-thumbnail', { id: vmId }, asked, call)
  if (width === 0) throw noScreen(ref)
  return pngOfRgb565(width, height, Buffer.from(pixels, 'base64'))
}
