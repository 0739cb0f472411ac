import { missingForSimulator } from '../support/hyperv-simulator.ts'
import { openHyperVHost } from './hyperv-host.ts'
import { describeProviderContract } from './provider-contract.ts'

describeProviderContract({
  name: 'Hyper-V, simulated',
  unavailable: await missingForSimulator(),
  open: openHyperVHost,
})
