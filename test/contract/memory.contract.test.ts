import { MemoryHypervisor, withSystemPort } from '../support/memory-provider.ts'
import { describeProviderContract } from './provider-contract.ts'

describeProviderContract({
  name: 'a hypervisor in memory',
  systemPortOf: 'aarch64',
  open: async () => {
    const hypervisor = new MemoryHypervisor({ capabilities: withSystemPort })
    return {
      open: async () => hypervisor.open(),
      openUnready: async () => new MemoryHypervisor({ isReady: false }).open(),
      makeForeignMachine: async (name) => hypervisor.addForeign(name),
      removeForeignMachine: async (ref) => {
        hypervisor.machines.delete(ref.id)
      },
      copyByHand: async (ref, name) => hypervisor.copyByHand(ref, name),
      makeLeftover: async (name, runId) => {
        hypervisor.files.set(`${name}.${runId}.disk0`, runId)
        return name
      },
      inventory: async () => hypervisor.inventory(),
      close: async () => undefined,
    }
  },
})
