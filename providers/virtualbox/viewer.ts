/** VirtualBox's window on a machine. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call, Viewer } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { isThere } from '../../src/store/is-there.ts'
import { requireMachine } from './machines.ts'
import type { Session } from './session.ts'

/** As a process of its own beside the one that runs the machine; one that is off is started by it. */
export async function viewerOf(session: Session, ref: MachineRef, call: Call): Promise<Viewer> {
  await requireMachine(session, ref, call)
  const { window } = await session.programs(call)
  if (await isThere(window)) return { command: [window, '--startvm', ref.id, '--separate'] }
  throw new AzlVmError('tool-missing', 'VirtualBoxVM is not installed: it is what shows the screen of a machine', {
    hint: `Debian, Ubuntu: it is in the package virtualbox-qt. Without it: \`azl-vm screenshot ${ref.name}\`, \`azl-vm console ${ref.name}\`.`,
  })
}
