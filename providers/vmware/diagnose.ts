/** What a VMware host makes impossible, each at the spec's key. */
import { guestCapabilities } from '../../src/provider/capabilities.ts'
import type { Facts } from '../../src/provider/contract.ts'
import { architectureDiagnostics, invalid, limitDiagnostics, notSupported } from '../../src/provider/diagnostics.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { nativeOf } from './facts.ts'
import { longestInFolder, machineFolder, pathsOf } from './names.ts'

export function diagnose(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const absent = architectureDiagnostics(request, facts, 'VMware here')
  // What guests that it cannot run would get is nothing to say.
  if (absent.length > 0) return absent
  return [
    ...firmwareDiagnostics(request, facts),
    ...processorDiagnostics(request, facts),
    ...limitDiagnostics(request.spec, guestLimits, 'VMware'),
    ...sizeDiagnostics(request),
    ...networkDiagnostics(request, facts),
    ...storageDiagnostics(request, facts),
  ]
}

function firmwareDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { firmware } = request.spec.machine
  const guest = guestCapabilities(facts.capabilities, request.architecture)
  const found: PlanDiagnostic[] = []
  if (firmware.secureBoot === true && !guest.secureBoot)
    found.push(
      notSupported(
        ['machine', 'firmware', 'secureBoot'],
        'VMware has no Secure Boot for such a guest',
        'Set secureBoot: false.',
      ),
    )
  if (firmware.tpm && !guest.tpm)
    found.push(
      notSupported(
        ['machine', 'firmware', 'tpm'],
        'a virtual TPM of VMware needs an encrypted machine, whose password every call of vmrun would show',
        'Set tpm: false.',
      ),
    )
  return found
}

function processorDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { acceleration, nestedVirtualization } = request.spec.machine
  const found: PlanDiagnostic[] = []
  if (acceleration === 'emulated')
    found.push(
      notSupported(['machine', 'acceleration'], 'VMware emulates no processors', 'Use acceleration: auto or hardware.'),
    )
  if (nestedVirtualization && !guestCapabilities(facts.capabilities, request.architecture).nestedVirtualization)
    found.push(
      notSupported(
        ['machine', 'nestedVirtualization'],
        `${request.architecture} guests of VMware cannot run virtual machines of their own`,
        'Set nestedVirtualization: false.',
      ),
    )
  return found
}

const MiB = 1024 ** 2
/**
 * With hardware versions 21 and 22. Fusion 13: its manual (Using VMware Fusion, GUID-B9315DCC-437D-4373-BD71-09A63D0CD5C3);
 * Workstation: public descriptions of Pro 25H2, and assumed for 17.6.
 */
const guestLimits = { cpus: 32, memoryBytes: 128 * 1024 * MiB }
/** VMware takes memory in steps of 4 MiB (libvirt src/vmx/vmx.c), and vmware-vdiskmanager sizes in whole MiB. */
const memoryStepBytes = 4 * MiB
/** nvme0:0 to nvme0:14. */
const mostDisks = 15

function sizeDiagnostics({ spec: { machine } }: MachineRequest): readonly PlanDiagnostic[] {
  const found: PlanDiagnostic[] = []
  if (machine.memory % memoryStepBytes !== 0)
    found.push(invalid(['machine', 'memory'], 'VMware gives memory in steps of 4MiB', 'Use a multiple of 4MiB.'))
  machine.disks.forEach(({ size }, index) => {
    if (size % MiB !== 0)
      found.push(invalid(['machine', 'disks', index, 'size'], 'VMware makes disks of whole MiB', 'Use a size in MiB.'))
  })
  if (machine.disks.length > mostDisks)
    found.push(
      invalid(['machine', 'disks'], `an NVMe controller of VMware has ${String(mostDisks)} disks`, 'Use fewer disks.'),
    )
  return found
}

function networkDiagnostics({ spec }: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  return spec.machine.networks.flatMap(({ mode, forward }, index): readonly PlanDiagnostic[] => {
    const path = ['machine', 'networks', index]
    if (!facts.capabilities.networkModes.includes(mode))
      return [notSupported([...path, 'mode'], `VMware has no network of mode ${mode} here`, 'Use another mode.')]
    if (forward.length === 0) return []
    return [
      notSupported(
        [...path, 'forward'],
        'the NAT of VMware forwards ports by a file that belongs to the whole host',
        'Remove forward: the guest is reached at its own address, `azl-vm status` tells it.',
      ),
    ]
  })
}

/** MAX_PATH. */
const longestWindowsPath = 259

function storageDiagnostics({ spec, ref }: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const native = nativeOf(facts)
  const paths = pathsOf(native.platform)
  const { path } = spec.storage
  if (path !== undefined && !paths.isAbsolute(path))
    return [
      invalid(
        ['storage', 'path'],
        `${path} is no whole path on this computer`,
        `Write it as ${native.platform === 'win32' ? "'D:\\VMs'" : '/home/you/machines'}.`,
      ),
    ]
  const folder = paths.join(path ?? native.root, machineFolder(ref.name))
  const length = folder.length + 1 + longestInFolder(ref.name)
  if (native.platform !== 'win32' || length <= longestWindowsPath) return []
  return [
    invalid(
      ['storage', 'path'],
      `the machine's files would have paths of ${String(length)} characters in ${folder}, and Windows takes ${String(longestWindowsPath)}`,
      'Name a folder with a shorter path.',
    ),
  ]
}
