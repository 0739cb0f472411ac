/** The simulator's state rules bite: each is asked for by a script, as our own scripts would meet it. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForSimulator()

const script = String.raw`
param($folder, $iso)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
function Say($name, $value) { "$name=$value" }
function Fault($name, $block) { try { $null = & $block; "$name=none" } catch { "$name=" + ($_.FullyQualifiedErrorId -split ',')[0] } }
function In($name) { [IO.Path]::Combine($folder, $name) }

$vm = Hyper-V\New-VM -Name m -Generation 2 -NoVHD -Path $folder
Say 'secure boot' (Hyper-V\Get-VMFirmware -VM $vm).SecureBoot
Say 'template' (Hyper-V\Get-VMFirmware -VM $vm).SecureBootTemplate
Say 'dvd drives' @(Hyper-V\Get-VMDvdDrive -VM $vm).Length
Say 'adapters' @(Hyper-V\Get-VMNetworkAdapter -VM $vm).Length
Say 'mac' @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].MacAddress
Say 'addresses' @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].IPAddresses.Length
Say 'automatic checkpoints' $vm.AutomaticCheckpointsEnabled
Say 'start action' $vm.AutomaticStartAction

Hyper-V\New-VM -Name gen1 -NoVHD | Out-Null
Fault 'generation 1' { Hyper-V\Set-VMFirmware -VMName gen1 -EnableSecureBoot Off }
Fault 'tpm without protector' { Hyper-V\Enable-VMTPM -VM $vm }
Hyper-V\Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftUEFICertificateAuthority
Hyper-V\Set-VMKeyProtector -VM $vm -NewLocalKeyProtector
Hyper-V\Enable-VMTPM -VM $vm
Say 'tpm' (Hyper-V\Get-VMSecurity -VM $vm).TpmEnabled
Fault 'template after tpm' { Hyper-V\Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftWindows }
Fault 'long name' { Hyper-V\New-VM -Name ('n' * 101) }
Fault 'missing machine' { Hyper-V\Get-VM -Name nobody }
Fault 'missing elsewhere' { Hyper-V\Set-VMMemory -VMName nobody -StartupBytes 1GB }
Say 'pattern without match' @(Hyper-V\Get-VM -Name nobody*).Length

$disk = Hyper-V\New-VHD -Path (In 'd.vhdx') -SizeBytes 1GB -Dynamic -BlockSizeBytes 1MB
Say 'disk' ("" + $disk.VhdFormat + ' ' + $disk.VhdType + ' ' + $disk.Size + ' ' + $disk.BlockSize)
Fault 'odd size' { Hyper-V\New-VHD -Path (In 'o.vhdx') -SizeBytes 2000000000 }
Fault 'disk exists' { Hyper-V\New-VHD -Path (In 'd.vhdx') -SizeBytes 1GB }
$null = Hyper-V\New-VHD -Path (In 'd.vhd') -SizeBytes 64MB -Dynamic
Fault 'vhd on generation 2' { Hyper-V\Add-VMHardDiskDrive -VM $vm -Path (In 'd.vhd') }
Hyper-V\Add-VMHardDiskDrive -VM $vm -Path (In 'd.vhdx')
Fault 'disk twice' { Hyper-V\Add-VMHardDiskDrive -VMName gen1 -Path (In 'd.vhdx') }
$dvd = Hyper-V\Add-VMDvdDrive -VM $vm -Path $iso -Passthru
Say 'dvd address' ("" + $dvd.ControllerNumber + ':' + $dvd.ControllerLocation)
Fault 'missing iso' { Hyper-V\Set-VMDvdDrive -VMDvdDrive $dvd -Path (In 'none.iso') }
Hyper-V\Set-VMDvdDrive -VMDvdDrive $dvd -Path $null
Say 'ejected' (@(Hyper-V\Get-VMDvdDrive -VM $vm).Length.ToString() + ' ' + @(Hyper-V\Get-VMDvdDrive -VM $vm)[0].Path)
Hyper-V\Set-VMFirmware -VM $vm -BootOrder $dvd
Say 'boot order' @((Hyper-V\Get-VMFirmware -VM $vm).BootOrder).Length
Hyper-V\Convert-VHD -Path (In 'd.vhdx') -DestinationPath (In 'c.vhd')
Say 'converted' (Hyper-V\Get-VHD -Path (In 'c.vhd')).VhdType
Hyper-V\Convert-VHD -Path (In 'd.vhdx') -DestinationPath (In 'f.vhd') -VHDType Fixed
Say 'converted fixed' ((Hyper-V\Get-VHD -Path (In 'f.vhd')).VhdType.ToString() + ' ' + (Hyper-V\Get-VHD -Path (In 'f.vhd')).FileSize)

Say 'default switch' @(Hyper-V\Get-VMSwitch -Id c08cb7b8-9b3c-408e-8e30-5e16a3aeb444)[0].Name
Fault 'external switch' { Hyper-V\New-VMSwitch -Name e -SwitchType External }
$null = Hyper-V\New-VMSwitch -Name p -SwitchType Private
Hyper-V\Connect-VMNetworkAdapter -VMName m -SwitchName P
Say 'connected' @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].SwitchName
Hyper-V\Remove-VMSwitch -Name p -Force
Say 'switch gone' @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].Connected

Hyper-V\Set-VM -VM $vm -CheckpointType Disabled -Notes 'one'
Fault 'checkpoints disabled' { Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s }
Hyper-V\Set-VM -VM $vm -CheckpointType Standard
Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s
Say 'differencing' ([IO.Path]::GetExtension(@(Hyper-V\Get-VMHardDiskDrive -VM $vm)[0].Path))
Hyper-V\Set-VM -VM $vm -Notes 'two'
Hyper-V\Restore-VMSnapshot -VMName m -Name s -Confirm:$false
Say 'restored notes' (Hyper-V\Get-VM -Id $vm.Id).Notes
Hyper-V\Remove-VMSnapshot -VMName m -Name s
Say 'merged' ([IO.Path]::GetFileName(@(Hyper-V\Get-VMHardDiskDrive -VM $vm)[0].Path))

Hyper-V\Rename-VM -VM $vm -NewName gen1
Say 'names repeat' @(Hyper-V\Get-VM -Name gen1).Length
Hyper-V\Remove-VM -VM (Hyper-V\Get-VM -Id $vm.Id) -Force
Say 'disk stays' ([IO.File]::Exists((In 'd.vhdx')))
`

describeWhere("the simulator's state rules", missing, () => {
  let simulator: HyperVSimulator
  let said: Map<string, string>

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    const { stdout, stderr } = await simulator.run(
      script.replaceAll(' | Out-Null', ' | ForEach-Object { }'),
      simulator.folder,
      join(simulator.folder, 'script-1.ps1'),
    )
    expect(stderr).toBe('')
    said = new Map(
      stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
  }, 900_000)
  afterAll(() => simulator.stop())

  test('what New-VM makes that nobody asked for', () => {
    expect(said.get('secure boot')).toBe('On')
    expect(said.get('template')).toBe('MicrosoftWindows')
    expect(said.get('dvd drives')).toBe('0')
    expect(said.get('adapters')).toBe('1')
    expect(said.get('mac')).toBe('000000000000')
    expect(said.get('addresses')).toBe('0')
    expect(said.get('automatic checkpoints')).toBe('True')
    expect(said.get('start action')).toBe('StartIfRunning')
    expect(said.get('long name')).toBe('InvalidParameter')
  })

  test('firmware: generation, TPM after its protector, template before the TPM', () => {
    expect(said.get('generation 1')).toBe('InvalidParameter')
    expect(said.get('tpm without protector')).toBe('OperationFailed')
    expect(said.get('tpm')).toBe('True')
    expect(said.get('template after tpm')).toBe('OperationFailed')
    expect(said.get('boot order')).toBe('1')
  })

  test('a missing machine is another error for Get-VM than for the rest, and none for a pattern', () => {
    expect(said.get('missing machine')).toBe('InvalidParameter')
    expect(said.get('missing elsewhere')).toBe('ObjectNotFound')
    expect(said.get('pattern without match')).toBe('0')
  })

  test('disks are real files, attached once, VHDX on generation 2; a conversion keeps the type unless told', () => {
    expect(said.get('disk')).toBe('VHDX Dynamic 1073741824 1048576')
    expect(said.get('odd size')).toBe('InvalidParameter')
    expect(said.get('disk exists')).toBe('OperationFailed')
    expect(said.get('vhd on generation 2')).toBe('OperationFailed')
    expect(said.get('disk twice')).toBe('ObjectInUse')
    expect(said.get('converted')).toBe('Dynamic')
    expect(said.get('converted fixed')).toBe('Fixed 1073742336')
    expect(said.get('disk stays')).toBe('True')
  })

  test('optical drives: the first free place; a null path ejects and the drive stays', () => {
    expect(said.get('dvd address')).toBe('0:1')
    expect(said.get('missing iso')).toBe('ObjectNotFound')
    expect(said.get('ejected')).toBe('1 ')
  })

  test('switches', () => {
    expect(said.get('default switch')).toBe('Default Switch')
    expect(said.get('external switch')).toBe('InvalidParameter')
    expect(said.get('connected')).toBe('p')
    expect(said.get('switch gone')).toBe('False')
  })

  test('checkpoints: refused where disabled, a differencing disk, restored with notes, merged when removed', () => {
    expect(said.get('checkpoints disabled')).toBe('InvalidState')
    expect(said.get('differencing')).toBe('.avhdx')
    expect(said.get('restored notes')).toBe('one')
    expect(said.get('merged')).toBe('d.vhdx')
    expect(said.get('names repeat')).toBe('2')
  })

  test('a localized server names things otherwise and has no Default Switch', async () => {
    await simulator.setKnobs({ localized: true })
    const name = await simulator.run('@(Hyper-V\\Get-VMSwitch -Id c08cb7b8-9b3c-408e-8e30-5e16a3aeb444)[0].Name')
    expect(name.stdout).toBe('Standardswitch')
    await simulator.setKnobs({ server: true })
    const none = await simulator.run(
      '@(Hyper-V\\Get-VMSwitch).Length; (Hyper-V\\New-VM x -Generation 2).AutomaticCheckpointsEnabled',
    )
    expect(none.stdout.split('\n')).toEqual(['0', 'False'])
    await simulator.setKnobs({})
  })
})
