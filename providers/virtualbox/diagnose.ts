/** What VirtualBox makes impossible here, each at the spec's key. */
import path from 'node:path'
import { guestCapabilities } from '../../src/provider/capabilities.ts'
import type { Facts } from '../../src/provider/contract.ts'
import { architectureDiagnostics, invalid, limitDiagnostics, notSupported } from '../../src/provider/diagnostics.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { makeHostOnly, nativeOf } from './facts.ts'
import { optionsOf } from './request-options.ts'
import { slowCode, slowFix } from './windows-checks.ts'

export function diagnose(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const other = architectureDiagnostics(request, facts, 'VirtualBox here')
  if (other.length > 0) return other
  return [
    ...guestDiagnostics(request, facts),
    ...sizeDiagnostics(request, facts),
    ...signatureDiagnostics(request),
    ...networkDiagnostics(request, facts),
    ...storageDiagnostics(request),
    ...slownessDiagnostics(facts),
  ]
}

/** Said before a start, not only by the log of what was started. */
function slownessDiagnostics({ findings }: Facts): readonly PlanDiagnostic[] {
  return findings
    .filter(({ code }) => code === slowCode)
    .map(({ message }) => ({ level: 'warning', path: ['provider'], code: 'host-not-ready', message, hint: slowFix }))
}

function guestDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { firmware, acceleration, nestedVirtualization } = request.spec.machine
  const guest = guestCapabilities(facts.capabilities, request.architecture)
  const what = `${request.architecture} guests of VirtualBox`
  const found: PlanDiagnostic[] = []
  const refuse = (key: readonly string[], message: string, hint: string): void => {
    found.push(notSupported(['machine', ...key], message, hint))
  }
  if (firmware.secureBoot === true && !guest.secureBoot)
    refuse(['firmware', 'secureBoot'], `${what} get no Secure Boot from azl-vm`, 'Set secureBoot: false.')
  if (firmware.tpm && !guest.tpm) refuse(['firmware', 'tpm'], `${what} get no TPM from azl-vm`, 'Set tpm: false.')
  if (nestedVirtualization && !guest.nestedVirtualization)
    refuse(['nestedVirtualization'], `${what} run no virtual machines of their own`, 'Set nestedVirtualization: false.')
  if (acceleration === 'emulated')
    refuse(['acceleration'], 'VirtualBox emulates no processors', 'Use acceleration: auto or hardware.')
  return found
}

/** VirtualBox's EFI refuses it without a word: the whole time of timeouts.boot would go by. */
function signatureDiagnostics({ spec }: MachineRequest): readonly PlanDiagnostic[] {
  if (!('probe' in spec.source) || spec.machine.firmware.secureBoot !== true) return []
  return [
    {
      level: 'warning',
      path: ['machine', 'firmware', 'secureBoot'],
      code: 'not-supported',
      message:
        'nobody signed the boot probe: with Secure Boot on the firmware does not start it, and VirtualBox’s does not say so',
      hint: 'Set secureBoot: false, or use a signed medium.',
    },
  ]
}

function sizeDiagnostics({ spec }: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { limits } = nativeOf(facts)
  if (!limits) return []
  return limitDiagnostics(spec, { cpus: limits.cpus, memoryBytes: limits.memoryMiB * MiB }, 'VirtualBox')
}

function networkDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { bridges, hostOnly, platform } = nativeOf(facts)
  const { bridge, hostOnly: named } = optionsOf(request)
  return request.spec.machine.networks.flatMap(({ mode }, index): readonly PlanDiagnostic[] => {
    const key = ['machine', 'networks', index, 'mode']
    if (mode === 'host-only' && !facts.isAssumed) {
      if (named !== undefined && hostOnly.length > 0 && !hostOnly.includes(named))
        return [absent(['virtualbox', 'hostOnly'], `host-only network "${named}"`, hostOnly)]
      if (hostOnly.length === 0)
        return [
          {
            ...notSupported(key, 'this host has no host-only network of VirtualBox', makeHostOnly(platform)),
            code: 'host-not-ready',
          },
        ]
    }
    if (!facts.capabilities.networkModes.includes(mode))
      return [notSupported(key, `there is no network of mode ${mode} here`, 'Use another mode.')]
    if (mode !== 'bridged' || facts.isAssumed) return []
    if (bridge !== undefined) return []
    if (bridges.length === 1) return []
    const hint =
      bridges.length === 0
        ? 'See `VBoxManage list bridgedifs`.'
        : `Set virtualbox.bridge: one of ${bridges.join(', ')}.`
    const message = `this host has ${bridges.length === 0 ? 'no' : String(bridges.length)} interfaces with an address that a bridge could use`
    return [{ ...notSupported(key, message, hint), code: bridges.length === 0 ? 'host-not-ready' : 'spec-invalid' }]
  })
}

function absent(key: PlanDiagnostic['path'], what: string, there: readonly string[]): PlanDiagnostic {
  return invalid(key, `this host has no ${what}`, `It has ${there.join(', ')}.`)
}

function storageDiagnostics({ spec }: MachineRequest): readonly PlanDiagnostic[] {
  const folder = spec.storage.path
  if (folder === undefined || path.isAbsolute(folder)) return []
  const hint = 'Write the folder from the root on.'
  return [invalid(['storage', 'path'], `${folder} is no whole path here`, hint)]
}

const MiB = 1024 ** 2
