/** Hyper-V's machines as ours: found by core's id, which the mark holds, and then always gone by Hyper-V's own. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { machineGone } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { isMarkOf, markInNotes } from './mark-notes.ts'
import { runName } from './names.ts'
import { switchSchema } from './network-facts.ts'
import type { Session } from './session.ts'

const summarySchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Hyper-V's word, e.g. `Off`. */
  state: z.string(),
  notes: z.string(),
  /** Its folder on the host. */
  path: z.string(),
  generation: z.number(),
})

const driveSchema = z.object({ path: z.string(), number: z.number(), location: z.number() })

/** Enough to go on with a machine, for one question. */
const briefSchema = summarySchema.extend({ com1: z.string() })

const machineSchema = briefSchema.extend({
  status: z.string(),
  processors: z.number(),
  memoryBytes: z.number(),
  isMemoryDynamic: z.boolean(),
  disks: z.array(driveSchema.extend({ sizeBytes: z.number() })),
  optical: z.array(driveSchema),
  networks: z.array(
    z.object({ mac: z.string(), isDynamic: z.boolean(), switchId: z.string(), addresses: z.array(z.string()) }),
  ),
  isNested: z.boolean(),
  isTpmOn: z.boolean(),
  secureBoot: z.enum(['On', 'Off']).optional(),
  secureBootTemplate: z.string().optional(),
})

/** What a start goes by, for one question too. */
const startSchema = briefSchema.extend({
  /** Of each network card, in twelve upper-case digits; '' where it is plugged in nowhere. */
  cards: z.array(z.object({ mac: z.string(), switchId: z.string() })),
  switches: z.array(switchSchema),
})

type Summary = z.output<typeof summarySchema>
export type MachineBrief = z.output<typeof briefSchema>
export type StartFacts = z.output<typeof startSchema>
/** All that a spec decides, as Hyper-V has it. */
export type MachineConfig = z.output<typeof machineSchema>

/** A machine of the host, ours or not. */
export interface FoundMachine<Config extends Summary = Summary> {
  /** Core's id where the machine carries its own mark, else Hyper-V's. */
  readonly ref: MachineRef
  /** Hyper-V's id; everything goes by it. */
  readonly vmId: string
  /** Also that of a copy, which names another machine. */
  readonly mark: Mark | undefined
  readonly config: Config
}

function found<Config extends Summary>(config: Config): FoundMachine<Config> {
  const mark = markInNotes(config.notes)
  const isOwn = mark !== undefined && isMarkOf(mark, config.id)
  const isUnnamed = isOwn && config.name === runName(mark.runId)
  return {
    ref: { name: isUnnamed ? mark.name : config.name, id: isOwn ? mark.machineId : config.id },
    vmId: config.id,
    mark,
    config,
  }
}

/** Every machine of the host. */
export async function allMachines(session: Session, call: Call): Promise<readonly FoundMachine[]> {
  const schema = z.object({ machines: z.array(summarySchema) })
  const { machines } = await session.run('list-vms', {}, { action: 'list the machines', schema }, call)
  return machines.map(found)
}

/** Hyper-V's id of a machine that is or was there; undefined where it never was seen. */
export async function findVmId(session: Session, ref: MachineRef, call: Call): Promise<string | undefined> {
  const known = session.vmIds.get(ref.id)
  const vmId = known ?? (await allMachines(session, call)).find((machine) => machine.ref.id === ref.id)?.vmId
  if (vmId !== undefined) session.vmIds.set(ref.id, vmId)
  return vmId
}

/** The same; throws machine-not-found. What is asked by the id says it again where the machine is gone by then. */
export async function requireVmId(session: Session, ref: MachineRef, call: Call): Promise<string> {
  return (await findVmId(session, ref, call)) ?? throwNotFound(ref)
}

/** One machine with its configuration, which takes several questions; undefined where there is none of this id. */
export async function findMachine(
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<FoundMachine<MachineConfig> | undefined> {
  return await findBy('get-vm', machineSchema, session, ref, call)
}

/** The same without what only a whole description needs. */
export async function findBrief(
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<FoundMachine<MachineBrief> | undefined> {
  return await findBy('get-vm-summary', briefSchema, session, ref, call)
}

async function findBy<Config extends Summary>(
  verb: string,
  config: z.ZodType<Config>,
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<FoundMachine<Config> | undefined> {
  const id = await findVmId(session, ref, call)
  if (id === undefined) return undefined
  const schema = z.object({ machine: config.nullable() })
  const { machine } = await session.run(verb, { id }, { action: `read ${ref.name}`, schema }, call)
  if (machine) return found(machine)
  session.vmIds.delete(ref.id)
  return undefined
}

/** The machine; throws machine-not-found. */
export async function requireMachine(
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<FoundMachine<MachineConfig>> {
  return (await findMachine(session, ref, call)) ?? throwNotFound(ref)
}

/** The same with what one question tells. */
export async function requireBrief(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine<MachineBrief>> {
  return (await findBrief(session, ref, call)) ?? throwNotFound(ref)
}

/** The same with its network cards and the host's switches. */
export async function requireStartFacts(
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<FoundMachine<StartFacts>> {
  return (await findBy('get-start-facts', startSchema, session, ref, call)) ?? throwNotFound(ref)
}

function throwNotFound(ref: MachineRef): never {
  throw machineGone(ref)
}
