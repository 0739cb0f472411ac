/** The plan in Hyper-V's own words, and as a script. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/provider/plan.ts'
import { emittedScripts, planned, rich, server, shared } from '../../support/hyperv-plans.ts'
import { scriptChecker } from '../../support/hyperv-script-check.ts'
import { runId } from '../kvm/kvm-request.ts'

function nativeOf(plan: Plan, id: string): string {
  return plan.operations.find((operation) => operation.id === id)?.native?.text ?? ''
}

describe('the plan in cmdlets', () => {
  test('each operation has its own, with the values of the spec', () => {
    const { plan } = planned(rich)
    for (const { id, native } of plan.operations) expect([id, native?.language]).toEqual([id, 'powershell'])
    expect(nativeOf(plan, 'define')).toContain(
      `$vm = Hyper-V\\New-VM -Name 'azl-vm-${runId}' -Path 'C:\\Hyper-V' -Generation 2 -MemoryStartupBytes 536870912 -NoVHD`,
    )
    expect(nativeOf(plan, 'define')).toContain(`Hyper-V\\Rename-VM -VM $vm -NewName 'azl4'`)
    expect(nativeOf(plan, 'settings')).toContain('-ProcessorCount 2')
    expect(nativeOf(plan, 'settings')).toContain(
      `-EnableSecureBoot 'On' -SecureBootTemplate 'MicrosoftUEFICertificateAuthority'`,
    )
    expect(nativeOf(plan, 'settings')).toContain('Hyper-V\\Enable-VMTPM -VM $vm')
    expect(nativeOf(plan, 'networks')).toContain(`-StaticMacAddress '00155D0A0B0D'`)
    expect(nativeOf(plan, 'disk-1')).toContain('-SizeBytes 100663296 -BlockSizeBytes 1048576 -Dynamic')
    expect(nativeOf(plan, 'start')).toBe('Hyper-V\\Start-VM -VM $vm')
  })

  test('what boots is a disk or the installer: the seed and the network are never tried', () => {
    const { plan } = planned(rich)
    expect(nativeOf(plan, 'drives')).toContain('-BootOrder (@(Hyper-V\\Get-VMHardDiskDrive -VM $vm -ControllerType')
    expect(nativeOf(plan, 'drives')).toMatch(/ \+ @\(\$installer\)\)$/)
  })

  test('no network is no card: the one that New-VM made goes', () => {
    const { plan } = planned({ machine: { networks: [] } })
    expect(nativeOf(plan, 'networks')).toBe(
      'foreach ($adapter in @($vm.NetworkAdapters)) { Hyper-V\\Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }',
    )
    expect(nativeOf(plan, 'settings')).not.toContain('TPM')
    expect(nativeOf(plan, 'settings')).toContain(`-EnableSecureBoot 'Off'`)
  })
})

describe('the script', () => {
  let check: Awaited<ReturnType<typeof scriptChecker>>
  beforeAll(async () => {
    check = await scriptChecker()
  })

  test.each(emittedScripts())('calls only what the module has, in ASCII and 5.1’s syntax: %s', (_, script) => {
    expect(check([{ file: 'by-hand.ps1', text: script }])).toEqual([])
  })

  test('has names of its own, sets no mark, and says how to remove what it made', () => {
    const { script } = planned(rich)
    const commands = script.split('\n').filter((line) => !line.startsWith('#'))
    expect(commands.join('\n')).not.toContain(runId)
    expect(script).not.toContain('-Notes')
    expect(script).toContain(`$folder = 'C:\\Hyper-V\\by-hand-azl4'`)
    expect(script).toContain(`Hyper-V\\New-VM -Name 'azl4' -Path $folder`)
    expect(script).toContain(`-Path "$folder\\disk1.vhdx"`)
    expect(script).toContain(`-Path '\\\\.\\pipe\\by-hand-azl4'`)
    expect(script).toContain(`New-VMSwitch -Name 'by-hand-azl4-1' -SwitchType 'Private'`)
    const [, removal = ''] = script.split('# To remove it:\n')
    for (const what of [
      'Remove-VM -VM $vm',
      "$folder = 'C:\\Hyper-V\\by-hand-azl4'",
      'Remove-Item -LiteralPath $folder -Recurse',
      "Remove-VMSwitch -Name 'by-hand-azl4-1'",
    ])
      expect(removal).toContain(what)
  })

  test('refuses before it makes anything, the network with NAT first of all; one that needs none takes no leave', () => {
    const { script } = planned(shared, undefined, server)
    expect(script.split('\n').find((line) => !line.startsWith('#'))).toBe('param([switch]$AllowHostNetwork)')
    const places = ['$AllowHostNetwork) { throw', "-Name 'azl-vm-nat'", "-Name 'azl-vm-host-only'", 'Hyper-V\\New-VM ']
    const found = places.map((text) => script.indexOf(text))
    expect(found).toEqual([...found].toSorted((a, b) => a - b))
    expect(found).not.toContain(-1)
    expect(planned(rich).script).not.toContain('param(')
  })

  test('a line end in a name from outside begins no line of code', () => {
    const { script } = planned()
    expect(script.split('\n')[0]).toBe(
      '# Makes the machine azl4 of C:\\Pr?fung Hyper-V\\Remove-VM on local, as azl-vm would.',
    )
  })
})
