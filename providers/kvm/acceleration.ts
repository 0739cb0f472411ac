/** Whether KVM runs guests on a host: what is tried, what a failure says of it, and what is remembered. */
import { isLibvirtError } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { DomainType } from './boards.ts'
import type { KvmMark } from './mark-metadata.ts'
import { signalOf, type Session } from './session.ts'

/** What was found out about KVM on a host, kept per boot and version. */
interface AccelerationFact {
  readonly works: boolean
  readonly key: string
}

const factName = 'kvm-runs-guests'

/** KVM first where it is offered and was not seen failing since this host and its software were started. */
export async function typesToTry(
  session: Session,
  rule: KvmMark['acceleration'],
  firstType: DomainType,
  key: string,
): Promise<readonly DomainType[]> {
  if (rule === 'emulated') return ['qemu']
  if (rule === 'hardware') return ['kvm']
  const fact = await session.context.hostFacts.get(factName)
  if (isAccelerationFact(fact) && fact.key === key) return fact.works ? ['kvm', 'qemu'] : ['qemu']
  // A machine that was planned with emulation under `auto` is on a host that offers no KVM.
  return firstType === 'kvm' ? ['kvm', 'qemu'] : ['qemu']
}

/** Changes when the computer, libvirt or QEMU does; then KVM is tried again. */
export async function accelerationKey(session: Session, call: Call): Promise<string> {
  return await session.run('ask for versions', call, async (connection) => {
    const [libvirt, qemu, host] = await Promise.all([
      connection.libraryVersion(signalOf(call)),
      connection.hypervisorVersion(signalOf(call)),
      connection.hostname(signalOf(call)),
    ])
    return [host, session.context.bootId, libvirt, qemu].join(' ')
  })
}

export async function rememberAcceleration(session: Session, works: boolean, key: string): Promise<void> {
  const fact: AccelerationFact = { works, key }
  await session.context.hostFacts.set(factName, fact)
}

function isAccelerationFact(value: unknown): value is AccelerationFact {
  return (
    typeof value === 'object' &&
    value !== null &&
    'works' in value &&
    typeof value.works === 'boolean' &&
    'key' in value
  )
}

/**
 * Whether a refused start may be KVM's doing: QEMU ended while it started (an internal error to libvirt, whatever
 * QEMU's reason), or libvirt or the processor cannot do it. A missing file, no space, no rights and a port or a
 * network that is busy have codes of their own, and emulation would not help.
 */
export function isOfAcceleration(error: unknown): boolean {
  return isLibvirtError(
    error,
    'internal-error',
    'operation-failed',
    'operation-unsupported',
    'config-unsupported',
    'argument-unsupported',
    'no-support',
    'invalid-arg',
    'cpu-incompatible',
  )
}
