import { chooseProvider, type ChosenProvider } from '../provider/choose-provider.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import { choiceFor } from './choice.ts'
import { callFor, type Environment } from './environment.ts'
import { atHostKey } from './host-fault.ts'
import { prepareMedium, type PreparedMedium } from './medium.ts'

export interface MediumAndHostRequest {
  readonly environment: Environment
  readonly loaded: LoadedSpec
  readonly whenUnready: 'refuse' | 'take-first'
  readonly bus: EventBus
  readonly signal: AbortSignal
  /** Throws where the medium is none to go on with. */
  readonly accept: (medium: PreparedMedium) => void
}

/**
 * Medium and host at the same time: a hypervisor's first word may take seconds, and so may the hash of a medium. Where one
 * is refused the other is ended: an open connection keeps a process alive.
 */
export async function mediumAndHost({
  environment,
  loaded,
  whenUnready,
  bus,
  signal,
  accept,
}: MediumAndHostRequest): Promise<{ readonly medium: PreparedMedium; readonly chosen: ChosenProvider }> {
  const refused = new AbortController()
  const either = AbortSignal.any([signal, refused.signal])
  const opening = atHostKey(loaded, () =>
    chooseProvider(choiceFor(environment, loaded), whenUnready, callFor(bus, either)),
  )
  const preparing = prepareMedium(environment, loaded, bus, either)
  try {
    const accepted = preparing.then((medium) => {
      accept(medium)
      return medium
    })
    const [medium, chosen] = await Promise.all([accepted, opening])
    return { medium, chosen }
  } catch (error) {
    refused.abort()
    await opening.then(
      ({ provider }) => provider.close(),
      () => undefined,
    )
    await preparing.catch(() => undefined)
    throw error
  }
}
