/** One start of a domain that is off: paused, the consoles connected, resumed; and whether it really runs. */
import { isNoDomain, isOperationInvalid, type Connection, type Domain } from 'libvirt-ts'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import { isOfAcceleration } from './acceleration.ts'
import { ArmedConsole } from './console.ts'
import { translateError } from './errors.ts'
import { signalOf, type Session } from './session.ts'
import { waitFor } from './wait.ts'

export type Attempt =
  /** `hasSpoken`: a serial byte came; false also where none was waited for. */
  | { readonly is: 'running'; readonly hasSpoken: boolean }
  /** Somebody else started it since its state was read: it is not ours to clear away. */
  | { readonly is: 'taken'; readonly error: unknown }
  /** It is off again. */
  | { readonly is: 'failed'; readonly error: unknown; readonly isOfAcceleration: boolean }

/** `isProving`: wait until a byte shows that it really runs. */
export async function attempt(
  session: Session,
  domain: Domain,
  listeners: readonly ArmedConsole[],
  isProving: boolean,
  call: Call,
): Promise<Attempt> {
  // Somebody has to hear the firmware's first byte: where nobody listens, we do until it came.
  const listening = listeners.find((console) => console.serial === 0)
  const own =
    isProving && !listening
      ? new ArmedConsole({ port: 'firmware', onData: () => undefined }, 0, session.choice.uri)
      : undefined
  const consoles = own ? [own, ...listeners] : listeners
  try {
    const connection = await session.connection(call)
    const witness = own ?? listening
    const decision = isProving && witness ? await listenForEnd(connection, domain, witness, call) : undefined
    try {
      // Not to be interrupted: libvirt would start it all the same, and nobody would know whose start it was.
      await domain.create({ paused: true })
      return await bringUp(session, domain, consoles, decision, call)
    } catch (error) {
      const failure = translateError(error, `start ${domain.name}`, session.choice.uri)
      const isTaken: boolean = isOperationInvalid(error)
      if (isTaken) return { is: 'taken', error: failure }
      return { is: 'failed', error: failure, isOfAcceleration: isOfAcceleration(error) }
    } finally {
      await decision?.stop()
    }
  } catch (error) {
    const failure = translateError(error, `start ${domain.name}`, session.choice.uri)
    return { is: 'failed', error: failure, isOfAcceleration: false }
  } finally {
    await own?.close()
  }
}

/** Goes on with a machine that we created, or takes it out of the way; never throws. */
async function bringUp(
  session: Session,
  domain: Domain,
  consoles: readonly ArmedConsole[],
  decision: Decision | undefined,
  call: Call,
): Promise<Attempt> {
  try {
    if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted: start ${domain.name}`)
    for (const console of consoles) await console.connect(session, domain, call)
    await domain.resume(signalOf(call))
    const first = await decision?.first()
    if (first?.is !== 'ended') return { is: 'running', hasSpoken: first?.is === 'byte' }
    await clearAway(domain, consoles, call)
    return { is: 'failed', error: new AzlVmError('backend-failed', first.how), isOfAcceleration: true }
  } catch (error) {
    await clearAway(domain, consoles, call)
    const failure = translateError(error, `start ${domain.name}`, session.choice.uri)
    return { is: 'failed', error: failure, isOfAcceleration: false }
  }
}

/** What came first. `nothing`: the machine runs on, and says nothing. */
type First = { readonly is: 'byte' | 'nothing' } | { readonly is: 'ended'; readonly how: string }

interface Decision {
  first(): Promise<First>
  stop(): Promise<void>
}

/** How long a machine may run on KVM without a serial byte; a firmware's first one takes less than a second. */
const firstByteMs = 30_000

/** From before the start on, so that nothing is missed: the first serial byte against suspension, stop or crash. */
async function listenForEnd(
  connection: Connection,
  domain: Domain,
  witness: ArmedConsole,
  call: Call,
): Promise<Decision> {
  let isResumed = false
  let decide: (first: First) => void = () => undefined
  const first = new Promise<First>((resolve) => {
    decide = resolve
  })
  void witness.firstByte().then(() => {
    decide({ is: 'byte' })
  })
  const stop = await connection.onDomainEvent(({ domain: who, event, detail }) => {
    if (who.uuid !== domain.uuid) return
    // A paused start tells of a suspension of its own, before the resume.
    if (event === 'resumed') isResumed = true
    if (event === 'stopped' || event === 'crashed')
      decide({
        is: 'ended',
        how: `it ended in its firmware before its first serial byte (${event}, ${String(detail)})`,
      })
    if (event === 'suspended' && isResumed)
      decide({
        is: 'ended',
        how: `it was suspended in its firmware before its first serial byte (${String(detail)})`,
      })
  }, signalOf(call))
  const action = `start ${domain.name}`
  return {
    first: () =>
      waitFor(first, {
        connection,
        signal: call.signal,
        action,
        interrupted: `interrupted: ${action}`,
        deadline: { ms: firstByteMs, late: () => ({ is: 'nothing' }) },
      }),
    stop,
  }
}

/** Takes a machine that does not run out of the way; the consoles stay for the next attempt. */
async function clearAway(domain: Domain, consoles: readonly ArmedConsole[], call: Call): Promise<void> {
  try {
    for (const console of consoles) await console.disconnect()
    await domain.destroy()
  } catch (error) {
    // It went off by itself.
    if (isOperationInvalid(error) || isNoDomain(error)) return
    call.warn('machine-not-cleared-away', `"${domain.name}" may still run: ${errorText(error)}`)
  }
}
