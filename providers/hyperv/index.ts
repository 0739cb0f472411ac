import type { ProviderDefinition } from '../../src/provider/contract.ts'
import { chooseHost } from './host.ts'
import { HyperVProvider } from './provider.ts'

/** Hyper-V, through Windows PowerShell on its host. */
export const definition = {
  name: 'hyperv',
  title: 'Hyper-V on Windows',
  open: (host, context) =>
    new Promise((resolve) => {
      resolve(new HyperVProvider(chooseHost(host), context))
    }),
} satisfies ProviderDefinition
