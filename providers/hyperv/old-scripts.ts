/** Our scripts on a Hyper-V host that is another computer, as other versions of azl-vm left them there. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import { scriptBundle } from './scripts.ts'
import type { Session } from './session.ts'

/** Another version that is still in use begins a session in less. */
const unusedDays = 7

/** Takes away those that no session has begun with for a while; returns them. */
export async function removeOldScripts(session: Session, call: Call): Promise<readonly string[]> {
  if (session.choice.via === undefined) return []
  const { digest } = await scriptBundle()
  const asked = { action: 'remove old scripts', schema: z.object({ removed: z.array(z.string()) }) }
  const { removed } = await session.run('remove-old-scripts', { keep: digest, days: unusedDays }, asked, call)
  return removed.map((folder) => `scripts of another version of azl-vm ${folder}`)
}
