import type { ProviderDefinition } from '../../src/provider/contract.ts'
import { translateError } from './errors.ts'
import { chooseHost } from './host.ts'
import { KvmProvider } from './provider.ts'

/** KVM, and QEMU's emulation where KVM does not run guests, through libvirt. */
export const definition = {
  name: 'kvm',
  title: 'KVM and QEMU through libvirt',
  open: async (host, context) => {
    try {
      return new KvmProvider(await chooseHost(host, context.env, context.uid), context)
    } catch (error) {
      const fromEnv = context.env['LIBVIRT_DEFAULT_URI'] ?? ''
      const named = host === 'local' && fromEnv !== '' ? `LIBVIRT_DEFAULT_URI, which is "${fromEnv}",` : host
      throw translateError(error, 'read the host', named)
    }
  },
} satisfies ProviderDefinition
