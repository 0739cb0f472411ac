/** Every finding of doctor, met on a simulated host that has the fault. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import type { Facts, Provider } from '../../../src/provider/contract.ts'
import {
  missingForSimulator,
  startHyperVSimulator,
  type HyperVSimulator,
  type SimulatorKnobs,
} from '../../support/hyperv-simulator.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()
const policies = String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows`

describeWhere('doctor', unavailable, () => {
  let simulator: HyperVSimulator
  let provider: Provider

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    provider = await definition.open('local', providerContext({ env: simulator.env }))
  })
  afterAll(async () => {
    await provider.close()
    await simulator.stop()
  })

  /** Levels, codes and errors of all but the good news. */
  const faults = ({ findings }: Facts): readonly string[] =>
    findings
      .filter(({ level, code }) => level !== 'ok' && code !== 'host-architecture')
      .map(({ level, code, error }) => [level, code, ...(error === undefined ? [] : [error])].join(' '))

  test('a good host has no fault', async () => {
    const facts = await provider.facts(testCall())
    expect(faults(facts)).toEqual([])
    expect(facts.isReady).toBe(true)
  })

  const asked: readonly (readonly [what: string, knobs: SimulatorKnobs, fault: string, fix: RegExp])[] = [
    ['no hypervisor', { hypervisorPresent: false }, 'error hypervisor-off host-not-ready', /hypervisorlaunchtype auto/],
    [
      'virtualization off in the firmware',
      { hypervisorPresent: false, virtualizationInFirmware: false },
      'error virtualization-off host-not-ready',
      /VT-x/,
    ],
    [
      'the service stopped',
      { services: { vmms: 'Stopped Disabled' } },
      'error vmms-not-running host-not-ready',
      /Set-Service vmms.*Start-Service vmms/,
    ],
    ['little memory', { freeMemoryBytes: 1 << 30 }, 'warning host-memory', /machine\.memory/],
    ['little space', { freeDiskBytes: 1 << 30 }, 'warning host-disk-space', /storage\.path/],
    ['a file system without disks', { fileSystem: 'exFAT' }, 'warning folder-file-system', /NTFS/],
    ['a compressed folder', { folderAttributes: 'Directory, Compressed' }, 'warning folder-compressed', /compact \/u/],
    ['an encrypted folder', { folderAttributes: 'Directory, Encrypted' }, 'warning folder-encrypted', /cipher \/d/],
    ['a sparse folder', { folderAttributes: 'Directory, SparseFile' }, 'warning folder-sparse', /storage/],
    ['ReFS with checksums', { fileSystem: 'ReFS', integrity: true }, 'warning folder-integrity', /Set-FileIntegrity/],
    [
      'connection sharing disabled',
      { services: { vmms: 'Running Auto', SharedAccess: 'Stopped Disabled' } },
      'warning connection-sharing-disabled',
      /Set-Service SharedAccess/,
    ],
    ['VBS', { virtualizationBasedSecurity: 2 }, 'info vbs-running', /^$/],
    [
      'WSL',
      { services: { vmms: 'Running Auto', SharedAccess: 'Running Manual', WslService: 'Running Auto' } },
      'info wsl-beside',
      /wsl --shutdown/,
    ],
    [
      'a cluster',
      { services: { vmms: 'Running Auto', SharedAccess: 'Running Manual', ClusSvc: 'Running Auto' } },
      'warning cluster-node',
      /Cluster Shared Volume/,
    ],
    ['a policy for scripts', { executionPolicies: { LocalMachine: 'Restricted' } }, 'info execution-policy', /^$/],
    ['no Default Switch', { server: true }, 'warning nat-network-missing', /New-NetNat -Name .azl-vm-nat/],
  ]
  test.each(asked)('%s', async (_, knobs, fault, fix) => {
    await simulator.setKnobs(knobs)
    const facts = await provider.facts(testCall())
    expect(faults(facts)).toEqual([fault])
    expect(facts.isReady).toBe(!fault.startsWith('error'))
    expect(facts.findings.find(({ code }) => fault.includes(code))?.fix ?? '').toMatch(fix)
  })

  test('a NAT of somebody else and one of the Host Networking Service are named', async () => {
    await simulator.setKnobs({ server: true, hns: [{ name: 'docker', type: 'nat', prefix: '172.30.0.0/20' }] })
    await simulator.run(String.raw`NetNat\New-NetNat -Name theirs -InternalIPInterfaceAddressPrefix 10.9.0.0/24`)
    expect(faults(await provider.facts(testCall()))).toEqual([
      'warning nat-network-missing',
      'info foreign-nat',
      'info hns-nat',
    ])
    await simulator.run(String.raw`NetNat\Remove-NetNat -Name theirs -Confirm:$false`)
  })

  // What a process learns when it starts.
  const atStart: readonly (readonly [what: string, knobs: SimulatorKnobs, fault: string, fix: RegExp])[] = [
    ['a Home edition', { edition: 'CoreSingleLanguage' }, 'error edition-without-hyper-v not-supported', /Pro/],
    [
      'Hyper-V not installed',
      { hasModule: false, features: { 'Microsoft-Hyper-V': 2 } },
      'error hyper-v-not-installed tool-missing',
      /Enable-WindowsOptionalFeature/,
    ],
    [
      'a server without the module',
      { hasModule: false, server: true },
      'error hyper-v-module-missing tool-missing',
      /Install-WindowsFeature/,
    ],
    ['no rights', { rights: 'none-silent' }, 'error no-rights permission-denied', /S-1-5-32-578/],
    ['rights by the group', { rights: 'hyper-v-administrators' }, 'info not-elevated', /^$/],
    [
      'sharing forbidden',
      { registry: { [`${policies}\\Network Connections|NC_ShowSharedAccessUI`]: '0' } },
      'warning connection-sharing-forbidden',
      /hyperv\.switch/,
    ],
    [
      'local firewall rules ignored',
      {
        registry: {
          [String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile|AllowLocalPolicyMerge`]:
            '0',
        },
      },
      'warning firewall-rules-ignored',
      /hyperv\.switch/,
    ],
    [
      'a restricted language',
      { languageMode: 'ConstrainedLanguage' },
      'error powershell-restricted host-not-ready',
      /signed/,
    ],
    [
      'scripts forbidden by policy',
      { executionPolicies: { MachinePolicy: 'AllSigned' } },
      'error powershell-restricted host-not-ready',
      /Turn on Script Execution/,
    ],
  ]
  test.each(atStart)('%s', async (_, knobs, fault, fix) => {
    await simulator.setKnobs(knobs)
    const other = await definition.open('local', providerContext({ env: simulator.env }))
    try {
      const facts = await other.facts(testCall())
      expect(faults(facts)).toEqual([fault])
      expect(facts.findings.find(({ code }) => fault.includes(code))?.fix ?? '').toMatch(fix)
    } finally {
      await other.close()
    }
  })

  test.each(['MachinePolicy', 'UserPolicy'])('who forbids scripts is named: %s', async (scope) => {
    await simulator.setKnobs({ executionPolicies: { [scope]: 'AllSigned', LocalMachine: 'Restricted' } })
    const other = await definition.open('local', providerContext({ env: simulator.env }))
    try {
      await expect(other.list(testCall())).rejects.toMatchObject({
        code: 'host-not-ready',
        message: `Group Policy forbids PowerShell scripts here: ${scope} says AllSigned`,
      })
    } finally {
      await other.close()
      await simulator.setKnobs({})
    }
  })

  // Those that no cmdlet of Hyper-V's would refuse at once, or that end in another error.
  const stopping = ['hypervisor-off', 'virtualization-off', 'edition-', 'hyper-v-', 'no-rights', 'powershell-']
  const stops = [...asked, ...atStart].filter(([, , fault]) => stopping.some((code) => fault.includes(code)))
  test.each(stops)(
    '%s ends an `up` before it begins, with the reason that doctor tells',
    async (_, knobs, fault, fix) => {
      await simulator.setKnobs(knobs)
      const other = await definition.open('local', providerContext({ env: simulator.env }))
      try {
        const facts = await other.facts(testCall(), { storagePath: undefined, mediumPath: undefined })
        expect(facts.isReady).toBe(false)
        expect(faults(facts)).toEqual([fault])
        expect(facts.findings.find(({ code }) => fault.includes(code))?.fix ?? '').toMatch(fix)
      } finally {
        await other.close()
      }
    },
  )
})
