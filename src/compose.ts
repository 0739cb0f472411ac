/** The one file that knows which providers exist; puts the parts of the application together. */
import type { App } from './commands/app.ts'
import type { MainWorld } from './cli/context.ts'
import type { Environment } from './pipeline/environment.ts'
import type { ProviderEntry } from './provider/registry.ts'

/** In the order in which `provider: auto` tries them. */
const providerEntries: readonly ProviderEntry[] = [
  {
    name: 'kvm',
    title: 'KVM and QEMU through libvirt',
    load: async () => (await import('../providers/kvm/index.ts')).definition,
  },
]

export function compose(world: MainWorld): Promise<App> {
  let environment: Promise<Environment> | undefined
  return Promise.resolve({
    specProviders: async () => ({ kvm: (await import('../providers/kvm/options.ts')).kvmOptions }),
    // Built when a command first needs it: `validate` and `schema` never do.
    environment: async () =>
      await (environment ??= import('./build-environment.ts').then(({ buildEnvironment }) =>
        buildEnvironment(world, providerEntries),
      )),
  })
}
