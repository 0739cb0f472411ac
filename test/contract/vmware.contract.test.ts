import { missingForVmware } from '../support/vmware-stand-in.ts'
import { describeProviderContract } from './provider-contract.ts'
import { openVmwareHost } from './vmware-host.ts'

describeProviderContract({
  name: 'VMware, by a stand-in of its tools',
  unavailable: await missingForVmware(),
  open: openVmwareHost,
})
