/** The claim of a name: looked for, made with its group and UUID in one act, marked, and looked for again. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { chooseForwards } from './forwards.ts'
import {
  allMachines,
  isOwn,
  requireDescribed,
  requireMachine,
  type DescribedMachine,
  type FoundMachine,
} from './machines.ts'
import { configureMachine, createMachine } from './manage-calls.ts'
import { descriptionWith } from './mark-text.ts'
import { groupOf } from './names.ts'
import type { MachineParameters } from './parameters.ts'
import { removeMachine } from './removal.ts'
import type { Session } from './session.ts'
import { rememberRoot } from './storage-roots.ts'

/** Makes the machine, marked and configured; one of this run that is there already is gone on with. Throws machine-exists. */
export async function claim(
  session: Session,
  parameters: MachineParameters,
  { ref, mark }: { readonly ref: MachineRef; readonly mark: Mark },
  call: Call,
): Promise<DescribedMachine> {
  // VirtualBox takes a name twice: of two commands here one waits.
  return await session.context.sharedLock('names of VirtualBox', call, async () => {
    const all = await allMachines(session, call)
    const there = all.find((machine) => machine.ref.id === ref.id)
    if (there && !there.settings.groups.includes(groupOf(mark.runId)))
      throw new AzlVmError('machine-exists', `the id ${ref.id} belongs to another machine, "${there.ref.name}"`)
    if (there && isOwn(there)) return there
    const other = sameName(all, ref)
    if (other) throw nameTaken(other.ref.name)
    if (!there) {
      if (parameters.baseFolder !== undefined) await rememberRoot(session, parameters.baseFolder, call)
      await session.manage(createMachine(parameters), { action: `make ${ref.name}` }, call)
    }
    const forwards = await chooseForwards(parameters.forwards, [])
    const ours = {
      ...mark,
      provider: {
        ...mark.provider,
        networkModes: parameters.cards.map(({ mode }) => mode),
        forwards: parameters.forwards,
        diskCount: parameters.diskCount,
      },
    }
    const configure = configureMachine(ref.id, parameters, forwards, descriptionWith(ours))
    await session.manage(configure, { action: `configure ${ref.name}` }, call)
    await withdrawBefore(session, ref, mark, call)
    return await requireDescribed(session, ref, call)
  })
}

/** Somebody without our lock may have made one of this name meanwhile: whose is marked later goes. */
async function withdrawBefore(session: Session, ref: MachineRef, mark: Mark, call: Call): Promise<void> {
  const all = await allMachines(session, call)
  const other = sameName(all, ref)
  if (!other) return
  const age = ({ created, machineId }: Mark): string => `${created} ${machineId}`
  if (other.mark && isOwn(other) && age(other.mark) > age(mark)) return
  await removeMachine(session, await requireMachine(session, ref, call), all, call)
  throw nameTaken(other.ref.name)
}

function sameName(all: readonly FoundMachine[], { id, name }: MachineRef): FoundMachine | undefined {
  return all.find((machine) => machine.ref.id !== id && machine.ref.name.toLowerCase() === name.toLowerCase())
}

function nameTaken(name: string): AzlVmError {
  return new AzlVmError('machine-exists', `VirtualBox has a machine "${name}" already`, {
    hint: 'Choose another name in the spec; names are compared without regard to case. azl-vm never touches a machine that is not its own.',
  })
}
