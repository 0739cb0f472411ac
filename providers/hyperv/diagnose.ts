/** What a Hyper-V host makes impossible, each at the spec's key. */
import { guestCapabilities } from '../../src/provider/capabilities.ts'
import type { Facts } from '../../src/provider/contract.ts'
import { architectureDiagnostics, invalid, notSupported } from '../../src/provider/diagnostics.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { nativeOf } from './facts.ts'
import { folderDiagnostics } from './folder-checks.ts'
import { longestInFolder, machineFolder, storageRoot } from './names.ts'
import { networkDiagnostics } from './network-diagnostics.ts'
import { optionsOf } from './request-options.ts'
import { secureBootTemplate } from './secure-boot.ts'

export function diagnose(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const absent = architectureDiagnostics(request, facts, `Hyper-V at ${facts.host}`)
  // What guests that it cannot run would get is nothing to say.
  if (absent.length > 0) return absent
  return [
    ...firmwareDiagnostics(request, facts),
    ...processorDiagnostics(request, facts),
    ...memoryDiagnostics(request),
    ...networkDiagnostics(request, facts),
    ...storageDiagnostics(request, facts),
  ]
}

function firmwareDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { firmware } = request.spec.machine
  const guest = guestCapabilities(facts.capabilities, request.architecture)
  const path = ['machine', 'firmware', 'secureBoot']
  const found: PlanDiagnostic[] = []
  if (firmware.secureBoot === true && !guest.secureBoot)
    found.push(notSupported(path, 'this host has no Secure Boot templates', 'Set secureBoot: false.'))
  if (firmware.tpm && !guest.tpm)
    found.push(notSupported(['machine', 'firmware', 'tpm'], 'this host has no virtual TPM', 'Set tpm: false.'))
  if (found.length > 0) return found
  const { secureBootTemplate: named } = optionsOf(request)
  if (named !== undefined && firmware.secureBoot !== true)
    return [
      invalid(
        ['hyperv', 'secureBootTemplate'],
        'hyperv.secureBootTemplate does nothing here: Secure Boot is off',
        'Set machine.firmware.secureBoot: true, or remove it.',
      ),
    ]
  const { secureBootTemplates } = nativeOf(facts)
  const template = secureBootTemplate(request)
  const isKnown = secureBootTemplates.some((known) => known.toLowerCase() === template.toLowerCase())
  if (template === '' || isKnown) return []
  const key = named === undefined ? path : ['hyperv', 'secureBootTemplate']
  const message = `Hyper-V at ${facts.host} has no Secure Boot template ${template}`
  return [notSupported(key, message, `It has ${secureBootTemplates.join(', ')}.`)]
}

function processorDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { cpus, acceleration, nestedVirtualization } = request.spec.machine
  const { logicalProcessors } = nativeOf(facts)
  const found: PlanDiagnostic[] = []
  // A machine with more virtual processors than the host has does not start.
  if (logicalProcessors > 0 && cpus > logicalProcessors)
    found.push(
      notSupported(
        ['machine', 'cpus'],
        `${facts.host} has ${String(logicalProcessors)} logical processors, and Hyper-V starts no machine with more`,
        `Set cpus: ${String(logicalProcessors)} or less.`,
      ),
    )
  if (acceleration === 'emulated')
    found.push(
      notSupported(
        ['machine', 'acceleration'],
        'Hyper-V emulates no processors',
        'Use acceleration: auto or hardware.',
      ),
    )
  if (nestedVirtualization && !guestCapabilities(facts.capabilities, request.architecture).nestedVirtualization)
    found.push(
      notSupported(
        ['machine', 'nestedVirtualization'],
        `${request.architecture} guests of Hyper-V cannot run virtual machines of their own`,
        'Set nestedVirtualization: false.',
      ),
    )
  return found
}

const memoryStepBytes = 2 * 1024 ** 2

/** Hyper-V takes memory in steps of 2 MiB (assumed: no source tells it; an odd number is refused by New-VM). */
function memoryDiagnostics({ spec }: MachineRequest): readonly PlanDiagnostic[] {
  if (spec.machine.memory % memoryStepBytes === 0) return []
  const message = 'Hyper-V gives memory in steps of 2MiB'
  return [invalid(['machine', 'memory'], message, 'Use an even number of MiB.')]
}

/** MAX_PATH: beyond it Hyper-V’s service and tools fail in many places. */
const longestPath = 259

function storageDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const native = nativeOf(facts)
  const { path } = request.spec.storage
  if (path !== undefined && !isOfHost(path, native.separator)) {
    const message = `${path} is no whole path on ${facts.host}`
    const example = native.separator === '\\' ? "'D:\\VMs'" : '/var/lib/machines'
    return [invalid(['storage', 'path'], message, `Write it as ${example}.`)]
  }
  const root = storageRoot(native, path)
  const folder = machineFolder(native, root, request.mark.runId)
  const length = folder.length + longestInFolder
  if (length <= longestPath) return native.folder?.path === root ? folderDiagnostics(native.folder) : []
  return [
    invalid(
      ['storage', 'path'],
      `the machine's files would have paths of ${String(length)} characters in ${folder}, and Windows takes ${String(longestPath)}`,
      'Name a folder with a shorter path.',
    ),
  ]
}

function isOfHost(path: string, separator: string): boolean {
  return separator === '\\' ? !path.startsWith('/') : path.startsWith('/')
}
