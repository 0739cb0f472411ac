/** The one file that knows which providers exist; puts the parts of the application together. */
import type { App } from './commands/app.ts'
import type { MainWorld } from './cli/context.ts'
import type { Environment } from './pipeline/environment.ts'
import type { ProviderEntry } from './provider/registry.ts'

const kvm: ProviderEntry = {
  name: 'kvm',
  title: 'KVM and QEMU through libvirt',
  load: async () => (await import('../providers/kvm/index.ts')).definition,
  whyNotHere: ({ platform, env }) =>
    platform === 'win32' && (env['LIBVIRT_DEFAULT_URI'] ?? '') === ''
      ? 'KVM is part of Linux; a libvirt on another computer is reached with `host`'
      : undefined,
}

const hyperv: ProviderEntry = {
  name: 'hyperv',
  title: 'Hyper-V on Windows',
  load: async () => (await import('../providers/hyperv/index.ts')).definition,
  // Asked for Windows' own variable too, which is all that the provider itself goes by.
  whyNotHere: ({ platform, env }) =>
    platform === 'win32' || env['SystemRoot'] !== undefined ? undefined : 'Hyper-V is part of Windows',
}

const virtualbox: ProviderEntry = {
  name: 'virtualbox',
  title: 'Oracle VirtualBox',
  load: async () => (await import('../providers/virtualbox/index.ts')).definition,
}

const vmware: ProviderEntry = {
  name: 'vmware',
  title: 'VMware Workstation and Fusion',
  load: async () => (await import('../providers/vmware/index.ts')).definition,
  whyNotHere: ({ platform }) =>
    ['linux', 'win32', 'darwin'].includes(platform) ? undefined : 'VMware is made for Windows, Linux and macOS',
}

/** In the order in which `provider: auto` tries them: what the platform has of its own comes first. */
const providerEntries =
  process.platform === 'win32' ? [hyperv, virtualbox, vmware, kvm] : [kvm, hyperv, virtualbox, vmware]

export function compose(world: MainWorld): Promise<App> {
  let environment: Promise<Environment> | undefined
  return Promise.resolve({
    specProviders: async () => {
      const [{ kvmOptions }, { hypervOptions }, { virtualboxOptions }, { vmwareOptions }] = await Promise.all([
        import('../providers/kvm/options.ts'),
        import('../providers/hyperv/options.ts'),
        import('../providers/virtualbox/options.ts'),
        import('../providers/vmware/options.ts'),
      ])
      return { kvm: kvmOptions, hyperv: hypervOptions, virtualbox: virtualboxOptions, vmware: vmwareOptions }
    },
    // Built when a command first needs it: `validate` and `schema` never do.
    environment: async () =>
      await (environment ??= import('./build-environment.ts').then(({ buildEnvironment }) =>
        buildEnvironment(world, providerEntries),
      )),
  })
}
