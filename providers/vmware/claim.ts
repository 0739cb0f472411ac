/** The claim of a name: the machine is written in a folder named by its run, and renaming that folder gives it the name. */
import { mkdir, rename, rm } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import { makeFolder } from '../../src/store/make-folder.ts'
import { machineVmx } from './machine-vmx.ts'
import { inMachinesFolder } from './machine-files.ts'
import { allMachines, writeVmx } from './machines.ts'
import { markText } from './mark-line.ts'
import { pathsOf, runFolder } from './names.ts'
import type { MachineParameters } from './parameters.ts'
import { rememberRoot } from './roots.ts'
import type { Session } from './session.ts'

/** Makes the machine, marked and named; one of this run that is there already is gone on with. Throws machine-exists. */
export async function claim(
  session: Session,
  parameters: MachineParameters,
  request: Pick<MachineRequest, 'ref' | 'mark'>,
  call: Call,
): Promise<string> {
  const { root, folder, vmx, shape } = parameters
  return await withClaimedName(session, root, folder, request, call, async (made) => {
    await inMachinesFolder(made, () => mkdir(made))
    const file = pathsOf(session.platform).join(made, pathsOf(session.platform).basename(vmx))
    await writeVmx({ file }, machineVmx(shape, markText(request.mark, vmx, shape.disks)))
  })
}

/** `make` puts a machine into the run's folder, which becomes `folder` afterwards. */
export async function withClaimedName(
  session: Session,
  root: string,
  folder: string,
  { ref, mark }: Pick<MachineRequest, 'ref' | 'mark'>,
  call: Call,
  make: (runFolder: string) => Promise<void>,
): Promise<string> {
  return await session.context.sharedLock('names of VMware machines', call, async () => {
    const all = await allMachines(session, call)
    const there = all.find((machine) => machine.ref.id === ref.id)
    if (there && there.mark?.runId !== mark.runId)
      throw new AzlVmError('machine-exists', `the id ${ref.id} belongs to another machine, "${there.ref.name}"`)
    if (there) return there.file
    const other = all.find((machine) => machine.ref.name.toLowerCase() === ref.name.toLowerCase())
    if (other) throw nameTaken(other.ref.name, other.folder)
    await inMachinesFolder(root, () => {
      makeFolder(root, 0o755)
    })
    await rememberRoot(session, root, call)
    const made = pathsOf(session.platform).join(root, runFolder(mark.runId))
    // What this very run was interrupted at.
    await rm(made, { recursive: true, force: true })
    await make(made)
    try {
      await rename(made, folder)
    } catch (error) {
      await rm(made, { recursive: true, force: true })
      // Between one look and the rename, another computer or home; Windows calls it EPERM.
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw nameTaken(ref.name, folder)
      throw error
    }
    const file = pathsOf(session.platform).join(folder, `${ref.name}.vmx`)
    session.vmxFiles.set(ref.id, file)
    return file
  })
}

/** VMware would allow two machines of one name; azl-vm does not, because nobody could tell them apart. */
function nameTaken(name: string, folder: string): AzlVmError {
  return new AzlVmError('machine-exists', `there is already a machine "${name}" in ${folder}`, {
    hint: 'Choose another name in the spec; names are compared without regard to case. azl-vm never touches a machine that is not its own.',
  })
}
