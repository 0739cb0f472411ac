/** Ports of the host that lead to the guest, through QEMU's user-mode network. Gone when the machine is off. */
import type { Domain } from 'libvirt-ts'
import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import { isGoingOff } from './console.ts'
import { allDomains } from './domains.ts'
import { kvmMark, type ForwardRule } from './mark-metadata.ts'
import { hostForward } from './script.ts'
import { signalOf, type Session } from './session.ts'

export interface Forward {
  readonly network: number
  readonly hostPort: number
  readonly guestPort: number
}

/** Adds what is not there yet. QEMU chooses a free port where the rule says 0, so two machines never meet. */
export async function addForwards(
  session: Session,
  domain: Domain,
  rules: readonly ForwardRule[],
  call: Call,
): Promise<Outputs> {
  if (rules.length === 0) return {}
  return (await unlessGoingOff(session, domain, call, () => addEach(session, domain, rules, call))) ?? {}
}

async function addEach(session: Session, domain: Domain, rules: readonly ForwardRule[], call: Call): Promise<Outputs> {
  const before = await readForwards(session, domain, call)
  for (const rule of rules) {
    if (before.some((there) => isFor(rule, there))) continue
    const answer = await monitor(session, domain, hostForward(rule), call)
    if (answer.trim() !== '') throw refused(rule, answer, await otherHolder(session, domain, rule, call))
  }
  const now = await readForwards(session, domain, call)
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const found = now.find((there) => isFor(rule, there))
      return found ? [[`port-${String(rule.guestPort)}`, found.hostPort]] : []
    }),
  )
}

function isFor(rule: ForwardRule, there: Forward): boolean {
  return (
    rule.network === there.network &&
    rule.guestPort === there.guestPort &&
    (rule.hostPort === 0 || rule.hostPort === there.hostPort)
  )
}

/** The machine of ours that is to have the same port, for the message. */
async function otherHolder(
  session: Session,
  domain: Domain,
  rule: ForwardRule,
  call: Call,
): Promise<string | undefined> {
  const holder = (await allDomains(session, call)).find(
    ({ ref, mark }) =>
      ref.id !== domain.uuid && mark && kvmMark(mark).forwards.some(({ hostPort }) => hostPort === rule.hostPort),
  )
  return holder?.ref.name
}

/** Below it a port is for root and for whom root allows it (Linux, net.ipv4.ip_unprivileged_port_start). */
const firstUnprivilegedPort = 1024

function refused(rule: ForwardRule, answer: string, holder: string | undefined): AzlVmError {
  const who =
    holder === undefined
      ? 'Something else on the host uses the port.'
      : `The machine "${holder}" has the same port in its spec: one of the two can run at a time.`
  const rights =
    rule.hostPort < firstUnprivilegedPort && holder === undefined
      ? ` Or QEMU’s user may not open it: ports below ${String(firstUnprivilegedPort)} are root’s.`
      : ''
  return new AzlVmError(
    'resource-busy',
    `port ${String(rule.hostPort)} of the host cannot lead to port ${String(rule.guestPort)} of the guest: ${answer.trim()}`,
    { hint: `${who}${rights} Choose another port, or write \`host: any\`.` },
  )
}

const hubPattern = /\(hostnet(\d+)\):$/ // Hub -1 (hostnet0):
// TCP[HOST_FORWARD]  13       127.0.0.1 34567       10.0.2.15    22   0     0
const forwardPattern = /^\s*TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s/

/** What QEMU forwards now, from its `info usernet`; nothing where the guest switches the machine off meanwhile. */
export async function readForwards(session: Session, domain: Domain, call: Call): Promise<readonly Forward[]> {
  const text = await unlessGoingOff(session, domain, call, () => monitor(session, domain, 'info usernet', call))
  return parseUsernet(text ?? '')
}

/** A guest may switch itself off at any moment: then nothing is forwarded any more, and that is no fault. */
async function unlessGoingOff<T>(
  session: Session,
  domain: Domain,
  call: Call,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (call.signal.aborted || !isAzlVmError(error, 'backend-failed')) throw error
    // Where libvirt cannot be asked either, what it said first is what counts.
    if (await isGoingOff(session, domain, call).catch(() => false)) return undefined
    throw error
  }
}

export function parseUsernet(text: string): readonly Forward[] {
  let network = 0
  const found: Forward[] = []
  for (const line of text.split(/\r?\n/)) {
    const hub = hubPattern.exec(line)
    if (hub?.[1] !== undefined) network = Number(hub[1])
    const match = forwardPattern.exec(line)
    if (match) found.push({ network, hostPort: Number(match[2]), guestPort: Number(match[4]) })
  }
  return found
}

async function monitor(session: Session, domain: Domain, command: string, call: Call): Promise<string> {
  return await session.run(`QEMU: ${command}`, call, () =>
    domain.monitorCommand(command, { ...signalOf(call), hmp: true }),
  )
}
