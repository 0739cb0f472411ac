/**
 * The claim of a name: looked for, made with its group and UUID in one act, and looked for again while it is marked (why a
 * look may be an earlier one, decision 0049).
 */
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
import { groupOf, runIdOfGroup } from './names.ts'
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
  return await session.context.sharedLock('names of VirtualBox', call, async (hasWaited) => {
    const all = (hasWaited ? undefined : session.listed) ?? (await allMachines(session, call))
    const there = all.find((machine) => machine.ref.id === ref.id)
    if (there && !there.settings.groups.includes(groupOf(mark.runId)))
      throw new AzlVmError('machine-exists', `the id ${ref.id} belongs to another machine, "${there.ref.name}"`)
    if (there && isOwn(there)) return there
    const [other] = sameName(all, ref)
    if (other) throw nameTaken(other.ref.name)
    if (!there) {
      if (parameters.baseFolder !== undefined) await rememberRoot(session, parameters.baseFolder, call)
      await make(session, parameters, ref, call)
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
    const configuring = session.manage(configure, { action: `configure ${ref.name}` }, call)
    const looking = allMachines(session, call)
    // Where one fails the machine is taken back, which the other must not be at any more.
    await Promise.allSettled([configuring, looking])
    await configuring
    await withdrawBefore(session, ref, await looking, call)
    return await requireDescribed(session, ref, call)
  })
}

const settingsPattern = /'((?:\/|[A-Za-z]:\\|\\\\).*\.vbox)'\r?$/m // Settings file: '/home/me/VirtualBox VMs/azl-vm/…/t1/t1.vbox'

/** The settings file of a machine by what createvm said, whose words are translated; undefined where it is not told there. */
export function settingsFileIn(said: string): string | undefined {
  return settingsPattern.exec(said)?.[1]
}

async function make(session: Session, parameters: MachineParameters, ref: MachineRef, call: Call): Promise<void> {
  const said = await session.manage(createMachine(parameters), { action: `make ${ref.name}` }, call)
  const file = settingsFileIn(said)
  // Else it is asked for.
  if (file !== undefined) session.settingsFiles.set(ref.id, file)
  session.unstarted.add(ref.id)
}

/**
 * Somebody without our lock may have made one of this name meanwhile: whose was registered later goes. Each looks after it
 * has made its own, so that the later one sees the earlier; what azl-vm did not make never goes.
 */
async function withdrawBefore(
  session: Session,
  ref: MachineRef,
  all: readonly FoundMachine[],
  call: Call,
): Promise<void> {
  const own = all.findIndex((machine) => machine.ref.id === ref.id)
  const goes = (other: FoundMachine): boolean => isOfRun(other) && all.indexOf(other) > own
  const other = sameName(all, ref).find((each) => own < 0 || !goes(each))
  if (!other) return
  await removeMachine(session, await requireMachine(session, ref, call), all, call)
  throw nameTaken(other.ref.name)
}

/** Whether a claim made it, which has not marked it yet or has; a copy by hand has the group, and another's mark. */
function isOfRun(machine: FoundMachine): boolean {
  return machine.mark === undefined
    ? machine.settings.groups.some((group) => runIdOfGroup(group) !== undefined)
    : isOwn(machine)
}

function sameName(all: readonly FoundMachine[], { id, name }: MachineRef): readonly FoundMachine[] {
  return all.filter((machine) => machine.ref.id !== id && machine.ref.name.toLowerCase() === name.toLowerCase())
}

function nameTaken(name: string): AzlVmError {
  return new AzlVmError('machine-exists', `VirtualBox has a machine "${name}" already`, {
    hint: 'Choose another name in the spec; names are compared without regard to case. azl-vm never touches a machine that is not its own.',
  })
}
