/** The same suite on a real Hyper-V: `npm run test:hyperv` runs it and keeps what came out. */
import { openRealHyperVHost } from './hyperv-real-host.ts'
import { describeProviderContract } from './provider-contract.ts'

const isAsked = process.env['AZL_TEST_HYPERV_HOST'] === 'yes'

describeProviderContract({
  name: 'Hyper-V of this computer',
  unavailable: isAsked ? undefined : 'npm run test:hyperv runs it on a Hyper-V host',
  open: () => openRealHyperVHost(process.env),
})
