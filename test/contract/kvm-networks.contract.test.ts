import { libvirtUnavailable } from '../support/libvirt-daemon.ts'
import { openKvmHost, type KvmHost } from './kvm-host.ts'
import { kvmSurroundings } from './kvm-surroundings.ts'
import { describeNetworkModes } from './provider-contract.ts'

let kvm: KvmHost

describeNetworkModes({
  name: 'KVM, a real libvirtd',
  unavailable: libvirtUnavailable(),
  // Equal runs everywhere, with and without /dev/kvm.
  set: ['machine.acceleration=emulated'],
  open: async () => {
    kvm = await openKvmHost()
    return kvm
  },
  surroundings: () => kvmSurroundings(kvm.daemon),
})
