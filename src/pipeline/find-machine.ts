/** From what a user types (a name, `name@provider`, a spec file) to one machine on one host. */
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { Call, Provider } from '../provider/contract.ts'
import type { MachineInfo } from '../provider/machine.ts'
import type { Environment } from './environment.ts'
import { isOurs, notOursBecause } from './ownership.ts'

export interface FoundMachine {
  readonly provider: Provider
  readonly info: MachineInfo
}

/** A host that could not be asked, and why. */
export interface UnreadableHost {
  readonly provider: string
  readonly host: string
  readonly error: AzlVmError
}

export interface Inventory {
  /** Every provider whose host answered. */
  readonly providers: readonly Provider[]
  /** By name, then by provider and host. */
  readonly machines: readonly FoundMachine[]
  readonly unreadable: readonly UnreadableHost[]
  close(): Promise<void>
}

/**
 * Every machine that carries our mark, of any owner, on every host that is known: each provider's local one and
 * those that machines were made on. A local host that is not ready is passed over unless a machine of ours is known there.
 */
export async function takeInventory(environment: Environment, call: Call, host?: string): Promise<Inventory> {
  const providers = await openKnownHosts(environment, host)
  const close = async (): Promise<void> => {
    await Promise.all(providers.map(({ provider }) => provider.close()))
  }
  try {
    const answers = await askAll(providers, call)
    return { ...answers, machines: await seenOnce(answers.machines, environment), close }
  } catch (error) {
    // An open connection would keep the process alive.
    await close()
    throw error
  }
}

interface KnownHost {
  readonly provider: Provider
  readonly isRequired: boolean
}

async function askAll(providers: readonly KnownHost[], call: Call): Promise<Omit<Inventory, 'close'>> {
  const answers = await Promise.all(providers.map((known) => ask(known, call)))
  const answered = answers.filter((answer) => 'machines' in answer)
  const silent = answers.filter((answer) => 'unreadable' in answer)
  // Where nobody answered at all, "no machines" would not be true.
  const told = answered.length === 0 ? silent : silent.filter(({ isPassedOver }) => !isPassedOver)
  return {
    providers: answered.map(({ provider }) => provider),
    machines: answered.flatMap(({ machines }) => machines).toSorted(byNameThenProvider),
    unreadable: told.map(({ unreadable }) => unreadable),
  }
}

type Answer =
  | { readonly provider: Provider; readonly machines: readonly FoundMachine[] }
  | { readonly unreadable: UnreadableHost; readonly isPassedOver: boolean }

async function ask({ provider, isRequired }: KnownHost, call: Call): Promise<Answer> {
  try {
    return { provider, machines: (await provider.list(call)).map((info) => ({ provider, info })) }
  } catch (error) {
    if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
    const isPassedOver = !isRequired && !isAzlVmError(error, 'permission-denied')
    return { unreadable: { provider: provider.name, host: provider.host, error }, isPassedOver }
  }
}

/** The same order each time, whichever host answers first. */
function byNameThenProvider(a: FoundMachine, b: FoundMachine): number {
  const keyOf = ({ provider, info }: FoundMachine): string[] => [
    info.ref.name.toLowerCase(),
    provider.name,
    provider.host,
  ]
  const [one, other] = [keyOf(a), keyOf(b)]
  const at = one.findIndex((each, index) => each !== other[index])
  return at < 0 ? 0 : (one[at] ?? '') < (other[at] ?? '') ? -1 : 1
}

/**
 * One host may be known under two addresses (`ssh://hv01` and `ssh://hv01.example`) and shows its machines under each:
 * the same id made by the same run is one machine. It is seen at the address it was made with, else at the first.
 */
async function seenOnce(machines: readonly FoundMachine[], environment: Environment): Promise<readonly FoundMachine[]> {
  const seen = new Map<string, FoundMachine>()
  for (const found of machines) {
    const { provider, info } = found
    const key = JSON.stringify([provider.name, info.ref.id, info.mark?.runId])
    const isRecordedHere = async (): Promise<boolean> =>
      (await environment.machines.read(provider.name, provider.host, info.ref.name))?.ref.id === info.ref.id
    if (!seen.has(key) || (await isRecordedHere())) seen.set(key, found)
  }
  return [...seen.values()]
}

async function openKnownHosts(environment: Environment, host: string | undefined): Promise<readonly KnownHost[]> {
  const recorded = host === undefined ? await environment.machines.hosts() : []
  const known = new Map<string, KnownHost>()
  for (const provider of await environment.registry.openAll(host ?? 'local')) {
    known.set(keyOf(provider), { provider, isRequired: host !== undefined })
  }
  for (const { provider: name, host: where } of recorded) {
    const provider = await environment.registry.open(name, where)
    const before = known.get(keyOf(provider))
    if (before) await provider.close()
    known.set(keyOf(provider), { provider: before?.provider ?? provider, isRequired: true })
  }
  return [...known.values()]
}

function keyOf(provider: Provider): string {
  return JSON.stringify([provider.name, provider.host])
}

/** `NAME` or `NAME@PROVIDER`, the name in lower case: names that differ in case only are one. */
export function machineWord(word: string): { readonly name: string; readonly provider: string | undefined } {
  const at = word.lastIndexOf('@')
  return at > 0
    ? { name: word.slice(0, at).toLowerCase(), provider: word.slice(at + 1) }
    : { name: word.toLowerCase(), provider: undefined }
}

/**
 * Finds the one machine of ours that `word` names: `name`, or `name@provider` where the name alone is ambiguous.
 * Throws machine-not-found, ambiguous-machine, not-owned, or the error of a host that could not be asked.
 */
export function pickMachine(inventory: Inventory, word: string, environment: Environment): FoundMachine {
  const { name, provider: providerName } = machineWord(word)
  const named = inventory.machines.filter(
    ({ provider, info }) =>
      info.ref.name.toLowerCase() === name && (providerName === undefined || provider.name === providerName),
  )
  const ours = named.filter(({ info }) => isOurs(info, environment))
  const [first, second] = ours
  if (first && second) throw ambiguous(word, ours)
  if (first) return first
  const [foreign] = named
  if (foreign) {
    throw new AzlVmError(
      'not-owned',
      `the machine "${foreign.info.ref.name}" on ${foreign.provider.host} ${notOursBecause(foreign.info)}`,
      {
        hint: 'azl-vm acts only on machines of the same user, computer and AZL_VM_HOME.',
      },
    )
  }
  throw notFound(word, inventory, environment)
}

function ambiguous(word: string, found: readonly FoundMachine[]): AzlVmError {
  return new AzlVmError('ambiguous-machine', `"${word}" names ${String(found.length)} machines`, {
    evidence: found.map(({ provider, info }) => `${info.ref.name}@${provider.name} on ${provider.host}`),
    hint: 'Name one with @provider, and its host with --host.',
  })
}

function notFound(word: string, inventory: Inventory, environment: Environment): AzlVmError {
  const [unreadable] = inventory.unreadable
  if (unreadable) return unreadable.error
  const names = inventory.machines.filter(({ info }) => isOurs(info, environment)).map(({ info }) => info.ref.name)
  return new AzlVmError('machine-not-found', `there is no machine "${word}"`, {
    hint:
      names.length === 0
        ? 'No machine is there; `azl-vm up` makes one. `azl-vm gc` shows what is left of machines that were removed by other means.'
        : `Machines: ${names.join(', ')}.`,
  })
}
