/** A disk as a file: VMware's tool writes it, with all that it lies on, inside the machine's folder; then it is moved out. */
import { rm } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { ExportRequest } from '../../src/provider/export.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { moveFile } from '../../src/store/move-file.ts'
import { toolError } from './errors.ts'
import { disksOf } from './info.ts'
import { requireOwnMachine } from './machines.ts'
import { exportFile, pathsOf } from './names.ts'
import type { Session } from './session.ts'

/** Milliseconds: a disk of a terabyte on a slow one. */
const longMs = 24 * 3_600_000

export async function exportDisk(
  session: Session,
  ref: MachineRef,
  { file, format, runId }: ExportRequest,
  call: Call,
): Promise<void> {
  if (format !== 'vmdk') throw new AzlVmError('not-supported', `VMware writes no ${format}`)
  const machine = await requireOwnMachine(session, ref, call)
  const [disk] = disksOf(session, machine)
  if (disk === undefined) throw new AzlVmError('not-supported', `the machine "${ref.name}" has no disk`)
  const target = pathsOf(session.platform).join(machine.folder, exportFile(runId))
  try {
    const { diskManager } = await session.tools(call)
    const run = { action: `write ${disk} as a disk of its own`, timeoutMs: longMs }
    const result = await session.ask(diskManager, ['-r', disk, '-t', '0', target], run, call)
    if (result.exitCode !== 0) throw toolError(run.action, result)
    await moveFile(target, file)
  } finally {
    await rm(target, { force: true })
  }
}
