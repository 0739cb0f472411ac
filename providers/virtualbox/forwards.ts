/** Ports of the host that lead to the guest. VirtualBox chooses none itself, and says nothing where one is taken. */
import { createServer } from 'node:net'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { allMachines, isOwn, type DescribedMachine } from './machines.ts'
import { addForward, removeForward } from './manage-calls.ts'
import { virtualBoxMark, type ForwardRule } from './mark-text.ts'
import { ruleName } from './names.ts'
import type { Session } from './session.ts'

const address = '127.0.0.1'

/** The rules with the host's side chosen: what is asked for, what it had where that is free, else any that is. */
export async function chooseForwards(
  rules: readonly ForwardRule[],
  before: readonly ForwardRule[],
): Promise<readonly ForwardRule[]> {
  const chosen: ForwardRule[] = []
  for (const rule of rules) {
    const had = before.find(({ network, guestPort }) => network === rule.network && guestPort === rule.guestPort)
    const isFree = had !== undefined && (await freePort(had.hostPort)) !== undefined
    const hostPort = rule.hostPort !== 0 ? rule.hostPort : isFree ? had.hostPort : ((await freePort(0)) ?? 0)
    chosen.push({ ...rule, hostPort })
  }
  return chosen
}

/** The port where it can be had now; 0 is any. */
async function freePort(port: number): Promise<number | undefined> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => {
      resolve(undefined)
    })
    server.listen(port, address, () => {
      const found = server.address()
      server.close(() => {
        resolve(typeof found === 'object' ? found?.port : undefined)
      })
    })
  })
}

/** What the machine has now, as rules. */
export function currentForwards({ settings }: Pick<DescribedMachine, 'settings'>): readonly ForwardRule[] {
  return settings.hardware.cards.flatMap(({ slot, forwards }) =>
    forwards
      .filter(({ name, guestPort }) => name === ruleName(guestPort))
      .map(({ hostPort, guestPort }) => ({ network: slot, hostPort, guestPort })),
  )
}

/**
 * Before a start: each rule gets a port that is free. A port that the spec names and that is taken is resource-busy, with
 * the machine that has it.
 */
export async function settleForwards(session: Session, machine: DescribedMachine, call: Call): Promise<Outputs> {
  const rules = machine.mark && isOwn(machine) ? virtualBoxMark(machine.mark).forwards : []
  const before = currentForwards(machine)
  const wanted = await chooseForwards(rules, before)
  for (const rule of wanted)
    if ((await freePort(rule.hostPort)) === undefined) throw await portTaken(session, machine, rule, call)
  const isLike = (one: ForwardRule) => (other: ForwardRule) =>
    one.network === other.network && one.guestPort === other.guestPort && one.hostPort === other.hostPort
  const changed = wanted.filter((rule) => !before.some(isLike(rule)))
  if (changed.length > 0) {
    const old = before.filter((rule) =>
      changed.some(({ network, guestPort }) => network === rule.network && guestPort === rule.guestPort),
    )
    const args = ['modifyvm', machine.ref.id, ...old.flatMap(removeForward), ...changed.flatMap(addForward)]
    await session.manage(args, { action: `forward ports to ${machine.ref.name}` }, call)
  }
  return outputsOf(wanted)
}

export function outputsOf(rules: readonly ForwardRule[]): Outputs {
  return Object.fromEntries(rules.map(({ guestPort, hostPort }) => [`port-${String(guestPort)}`, hostPort]))
}

async function portTaken(
  session: Session,
  machine: DescribedMachine,
  { hostPort, guestPort }: ForwardRule,
  call: Call,
): Promise<AzlVmError> {
  const holder = (await allMachines(session, call)).find(
    (other) =>
      other.ref.id !== machine.ref.id && currentForwards(other).some((forward) => forward.hostPort === hostPort),
  )
  const who =
    holder === undefined
      ? 'Something else on the host uses it.'
      : `The machine "${holder.ref.name}" has the same port: one of the two can run at a time.`
  return new AzlVmError(
    'resource-busy',
    `port ${String(hostPort)} of the host cannot lead to port ${String(guestPort)} of the guest: it is taken`,
    { hint: `${who} Choose another port, or write \`host: any\`.` },
  )
}
