/** A machine's power state as libvirt tells it: what it is, then each change. Nothing is polled. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import { infoOf } from './info.ts'
import { signalOf, type Session } from './session.ts'

export async function* watchState(session: Session, ref: MachineRef, call: Call): AsyncIterable<PowerState> {
  const connection = await session.connection(call)
  const changes = new Changes()
  const stopListening = await session.run(`listen for changes of ${ref.name}`, call, () =>
    connection.onDomainEvent(({ domain }) => {
      if (domain.uuid === ref.id) changes.tell()
    }, signalOf(call)),
  )
  const interrupted = (): void => {
    changes.fail(new AzlVmError('cancelled', `interrupted while waiting for "${ref.name}"`))
  }
  call.signal.addEventListener('abort', interrupted, { once: true })
  if (call.signal.aborted) interrupted()
  void connection.closed.then((cause) => {
    changes.fail(new AzlVmError('backend-failed', `the connection to libvirt broke: watch ${ref.name}`, { cause }))
  })
  try {
    let told: PowerState | undefined
    for (;;) {
      const { state } = await infoOf(session, ref, await session.findDomain(ref, call), call)
      if (state !== told) yield state
      told = state
      if (state === 'absent') return
      await changes.next()
    }
  } finally {
    call.signal.removeEventListener('abort', interrupted)
    // Where the connection broke there is nothing to unsubscribe from.
    await stopListening().catch(() => undefined)
  }
}

/** Remembers that something changed while nobody waited; many changes are one. */
class Changes {
  #isTold = false
  #error: Error | undefined
  #wake: () => void = () => undefined

  tell(): void {
    this.#isTold = true
    this.#wake()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  async next(): Promise<void> {
    if (!this.#isTold && !this.#error)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    if (this.#error) throw this.#error
    this.#isTold = false
  }
}
