import type { ProviderDefinition } from '../../src/provider/contract.ts'
import { requireLocal } from './host.ts'
import { VmwareProvider } from './provider.ts'

/** VMware Workstation and Fusion, through their command line tools. */
export const definition = {
  name: 'vmware',
  title: 'VMware Workstation and Fusion',
  open: (host, context) =>
    new Promise((resolve) => {
      requireLocal(host)
      resolve(new VmwareProvider(context))
    }),
} satisfies ProviderDefinition
