/** vmconnect's window on a machine. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, Viewer } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { systemRootOf } from './launch.ts'
import { requireBrief } from './machines.ts'
import type { Session } from './session.ts'

/** It comes with Hyper-V's management tools and shows a machine that is off too. By id: a name may be there twice. */
export async function viewerOf(session: Session, ref: MachineRef, call: Call): Promise<Viewer> {
  const { choice, context } = session
  const { via } = choice
  if (context.platform !== 'win32' && via !== undefined)
    throw new AzlVmError('not-supported', 'vmconnect, the window on a Hyper-V machine, is a program of Windows', {
      hint: `\`azl-vm screenshot ${ref.name}\` shows the screen and \`azl-vm console ${ref.name}\` the serial port here too; \`azl-vm view\` works on a Windows computer with Hyper-V’s management tools.`,
    })
  const { vmId } = await requireBrief(session, ref, call)
  const program = join(systemRootOf(context.env), 'System32', 'vmconnect.exe')
  const isThere = await access(program).then(
    () => true,
    () => false,
  )
  if (!isThere)
    throw new AzlVmError(
      'tool-missing',
      'vmconnect.exe is not installed: it is what shows the screen of a Hyper-V machine',
      {
        hint:
          'It is part of Hyper-V’s management tools (Windows feature Microsoft-Hyper-V-Management-Clients). ' +
          `Without it: \`azl-vm screenshot ${ref.name}\`, \`azl-vm console ${ref.name}\`.`,
      },
    )
  return { command: [program, via?.host ?? 'localhost', '-G', vmId] }
}
