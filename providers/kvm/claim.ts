/** The claim of a name: libvirt refuses one that is taken by another UUID, in one step with the making. */
import { isNoDomain } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { allDomains } from './domains.ts'
import { translateError } from './errors.ts'
import { undefine } from './removal.ts'
import { signalOf, type Session } from './session.ts'

/** Defines a new domain; one of this run that is there already is kept. Throws machine-exists. */
export async function claim(
  session: Session,
  xml: string,
  { ref, mark }: { readonly ref: MachineRef; readonly mark: Mark },
  call: Call,
): Promise<void> {
  const there = await session.findDomain(ref, call)
  if (there) {
    const config = await session.config(there, call)
    if (config.mark?.runId === mark.runId) return
    throw new AzlVmError('machine-exists', `the UUID ${ref.id} belongs to another machine, "${there.name}"`)
  }
  const connection = await session.connection(call)
  const host = session.choice.uri
  call.debug(`define ${ref.name}`)
  try {
    await connection.defineDomain(xml, signalOf(call))
  } catch (error) {
    // Where libvirt cannot be asked either, its refusal is what counts.
    const taken = await holderOf(session, ref.name, call).catch(() => undefined)
    if (taken !== undefined && taken !== ref.id) {
      throw new AzlVmError('machine-exists', `there is already a machine "${ref.name}" on ${host}`, {
        cause: error,
        hint: 'Choose another name in the spec. azl-vm never touches a machine that is not its own.',
      })
    }
    throw translateError(error, `define ${ref.name}`, host)
  }
  await requireNameUnique(session, ref, mark, call)
}

async function holderOf(session: Session, name: string, call: Call): Promise<string | undefined> {
  return await session.run(`look for ${name}`, call, async (connection) => {
    try {
      return (await connection.lookupDomain(name, signalOf(call))).uuid
    } catch (error) {
      if (isNoDomain(error)) return undefined
      throw error
    }
  })
}

/** libvirt tells `a` from `A`, we do not: the later-marked of two withdraws. */
async function requireNameUnique(session: Session, ref: MachineRef, mark: Mark, call: Call): Promise<void> {
  const name = ref.name.toLowerCase()
  const winner = (await allDomains(session, call)).find(
    (other) =>
      other.ref.name.toLowerCase() === name &&
      other.ref.id !== ref.id &&
      (other.mark === undefined || [other.mark.created, other.ref.id].join(' ') < [mark.created, ref.id].join(' ')),
  )
  if (!winner) return
  await undefine(session, await session.domain(ref, call), true, call)
  throw new AzlVmError(
    'machine-exists',
    `there is already a machine "${winner.ref.name}" on ${session.choice.uri}; names are compared without regard to case`,
    {
      hint: 'Choose another name in the spec.',
    },
  )
}
