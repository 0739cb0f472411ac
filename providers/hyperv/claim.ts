/** The claim of a name: checked, made, marked and named under one lock of the host, whoever asks for it from where. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { allMachines } from './machines.ts'
import { notesWithMark } from './mark-notes.ts'
import type { MachineParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { rememberRoot } from './storage-roots.ts'

/** Stands in the mark's text where Hyper-V's id will be. */
const idPlace = '00000000-0000-0000-0000-000000000000'

/** How long others may be at it before they are taken to stand still; a claim itself takes seconds. */
const waitMs = 90_000

/** The wait, and then a claim. */
const timeoutMs = waitMs + 120_000

const claimSchema = z.object({
  /** Null where the name is another's. */
  id: z.string().nullable(),
  /** Who has the name; '' where nobody else has. */
  takenBy: z.string(),
})

/** Makes the machine, marked and named; one of this run that is there already is gone on with. Throws machine-exists. */
export async function claim(
  session: Session,
  { root, runName, name, memoryBytes, networkModes, adapters }: MachineParameters,
  { ref, mark }: Pick<MachineRequest, 'ref' | 'mark'>,
  call: Call,
): Promise<string> {
  const all = await allMachines(session, call)
  const there = all.find((machine) => machine.ref.id === ref.id)
  if (there && there.mark?.runId !== mark.runId)
    throw new AzlVmError('machine-exists', `the id ${ref.id} belongs to another machine, "${there.ref.name}"`)
  if (there) session.vmIds.set(ref.id, there.vmId)
  if (there?.config.name === name) return there.vmId
  const wanted = name.toLowerCase()
  const other = all.find((machine) => machine !== there && machine.ref.name.toLowerCase() === wanted)
  if (other) throw nameTaken(other.ref.name, session)
  // Before anything is there: gc looks for folders of ours in the places that it knows.
  await rememberRoot(session, root, call)
  const notes = notesWithMark('', { ...mark, provider: { ...mark.provider, networkModes, adapters } }, idPlace)
  const args = { runName, name, path: root, memoryBytes, notes, idPlace, waitMs }
  const asked = { action: `make ${name}`, schema: claimSchema, timeoutMs }
  const { id, takenBy } = await session.run('claim-vm', args, asked, call)
  if (id === null) throw nameTaken(takenBy, session)
  session.vmIds.set(ref.id, id)
  return id
}

/** Hyper-V would allow two machines of one name; azl-vm does not, because nobody could tell them apart. */
function nameTaken(name: string, session: Session): AzlVmError {
  return new AzlVmError('machine-exists', `there is already a machine "${name}" on ${session.choice.host}`, {
    hint: 'Choose another name in the spec; names are compared without regard to case. azl-vm never touches a machine that is not its own.',
  })
}
