import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { noScreen } from '../../src/provider/machine-errors.ts'
import { isOffState, stateOf } from './machine-state.ts'
import type { Session } from './session.ts'

export async function screenshotOf(session: Session, ref: MachineRef, call: Call): Promise<Uint8Array> {
  if (isOffState(await stateOf(session, ref, call))) throw noScreen(ref)
  const folder = await mkdtemp(path.join(tmpdir(), 'azl-vm-screen-'))
  try {
    const file = path.join(folder, 'screen.png')
    const action = `take a screenshot of ${ref.name}`
    await session.manage(['controlvm', ref.id, 'screenshotpng', file], { action }, call)
    return await readFile(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
