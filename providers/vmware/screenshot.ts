import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { noScreen } from '../../src/provider/machine-errors.ts'
import { toolError } from './errors.ts'
import { isOffState, stateOf } from './machine-state.ts'
import { requireMachine } from './machines.ts'
import type { Session } from './session.ts'

/** By vmcli, which reads the screen from outside; vmrun would log in to the guest. */
export async function screenshotOf(session: Session, ref: MachineRef, call: Call): Promise<Uint8Array> {
  const machine = await requireMachine(session, ref, call)
  const { vmcli } = await session.tools(call)
  if (vmcli === undefined)
    throw new AzlVmError(
      'not-supported',
      'this VMware has no vmcli, which takes screenshots from outside of the guest',
      {
        hint: `It comes with Workstation 17.6 and Fusion 13.6. Without it: \`azl-vm view ${ref.name}\`, \`azl-vm console ${ref.name}\`.`,
      },
    )
  if (isOffState((await stateOf(session, machine, call)).state)) throw noScreen(ref)
  const folder = await mkdtemp(join(tmpdir(), 'azl-vm-screen-'))
  try {
    const file = join(folder, 'screen.png')
    const action = `take a screenshot of ${ref.name}`
    const result = await session.ask(vmcli, [machine.file, 'MKS', 'captureScreenshot', file], { action }, call)
    if (result.exitCode !== 0) throw toolError(action, result)
    return await readFile(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
