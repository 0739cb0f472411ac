/** Plans of machines on Hyper-V and their scripts, for tests that read them. */
import { expect } from 'vitest'
import { noNetworks } from '../../providers/hyperv/network-facts.ts'
import { makePlan } from '../../providers/hyperv/plan.ts'
import { scriptText } from '../../src/commands/emit-script.ts'
import type { Facts } from '../../src/provider/contract.ts'
import type { Plan } from '../../src/provider/plan.ts'
import { kvmRequest, type RequestChange } from '../unit/kvm/kvm-request.ts'
import { allCapabilities } from './memory-provider.ts'

const facts: Facts = {
  provider: 'hyperv',
  host: 'local',
  isReady: true,
  isAssumed: false,
  versions: {},
  capabilities: allCapabilities,
  findings: [],
  native: {
    machinePath: 'C:\\Hyper-V',
    separator: '\\',
    build: 26100,
    secureBootTemplates: ['MicrosoftWindows', 'MicrosoftUEFICertificateAuthority'],
    networks: { ...noNetworks, hasDefaultSwitch: true },
  },
}

export const rich = {
  machine: {
    cpus: 2,
    memory: '512MiB',
    disks: [{ size: '64MiB' }, { size: '96MiB' }],
    firmware: { secureBoot: true, tpm: true },
    networks: [{ mac: '00:15:5d:0a:0b:0c' }, { mode: 'isolated', mac: '00:15:5d:0a:0b:0d' }],
  },
}

export const server: Facts = {
  ...facts,
  native: { ...facts.native, networks: { ...noNetworks, freePrefix: '192.168.220.0/24', isAdministrator: true } },
}

/** On a host without Default Switch both networks are azl-vm's own. */
export const shared = { machine: { networks: [{ mode: 'host-only' }, { mode: 'nat' }] } }

export function planned(
  change: RequestChange = {},
  medium = 'C:\\ISOs\\probe.iso',
  of: Facts = facts,
): { plan: Plan; script: string } {
  const made = kvmRequest(change)
  const request = { ...made, installer: { ...made.installer, path: medium }, isHostNetworkAllowed: of === server }
  const plan = makePlan(request, of)
  expect(plan.diagnostics.filter(({ level }) => level === 'error')).toEqual([])
  return {
    plan,
    script: scriptText({ host: 'local', facts, request, plan }, { file: 'C:\\Prüfung\nHyper-V\\Remove-VM' }),
  }
}

/** One for each kind of machine whose script has lines of its own. */
export function emittedScripts(): readonly (readonly [what: string, script: string])[] {
  return [
    ['all that there is', planned(rich).script],
    ['the least', planned({ machine: { networks: [] } }).script],
    ['the networks that machines share', planned(shared, undefined, server).script],
    ['a medium with every letter', planned({}, `C:\\it's "an" ISO $(calc) ‘’ Prüfung.iso`).script],
  ]
}
