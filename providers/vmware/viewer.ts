import { AzlVmError } from '../../src/errors.ts'
import type { Call, Viewer } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { requireMachine } from './machines.ts'
import type { Session } from './session.ts'

/** VMware's own window, opened with the machine in it, on or off. */
export async function viewerOf(session: Session, ref: MachineRef, call: Call): Promise<Viewer> {
  const { file } = await requireMachine(session, ref, call)
  const { window } = await session.tools(call)
  if (window === undefined)
    throw new AzlVmError('tool-missing', 'VMware’s window, the program vmware, is not installed beside vmrun', {
      hint: `Without it: \`azl-vm screenshot ${ref.name}\`, \`azl-vm console ${ref.name}\`.`,
    })
  return { command: session.platform === 'darwin' ? ['/usr/bin/open', '-a', window, file] : [window, file] }
}
