/** The provider that a spec gets, as a question and as an answer for people. */
import type { ChoiceRequest, ChosenProvider } from '../provider/choose-provider.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import type { Environment } from './environment.ts'

export function choiceFor({ registry }: Environment, { spec }: LoadedSpec): ChoiceRequest {
  return { registry, name: spec.provider, host: spec.host, wanted: spec }
}

/** E.g. `provider: virtualbox is ready; kvm was passed over (no libvirt answers …)`. */
export function choiceText({ provider, passedOver }: ChosenProvider): string {
  const others = passedOver.map((one) => `${one.provider} was passed over (${one.why})`)
  return [`provider: ${provider.name} is ready`, ...others].join('; ')
}
