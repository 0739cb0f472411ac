import type { ProviderDefinition } from '../../src/provider/contract.ts'
import { requireLocal, usualPlaces } from './host.ts'
import { VirtualBoxProvider } from './provider.ts'

/** VirtualBox, through VBoxManage. */
export const definition = {
  name: 'virtualbox',
  title: 'Oracle VirtualBox',
  open: (host, context) =>
    new Promise((resolve) => {
      requireLocal(host)
      resolve(new VirtualBoxProvider(context, usualPlaces))
    }),
} satisfies ProviderDefinition
