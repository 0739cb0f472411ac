# The machine of test/support/hyperv-calls.ts as an admin would write it down: the cmdlets of one `azl-vm up`, without
# its looking and asking. scripts/bench/hyperv.ts runs it beside `up`.
param([string]$Name, [string]$Iso)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$switch = Hyper-V\Get-VMSwitch | Where-Object { $_.Id -eq [guid]'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444' }
$vm = Hyper-V\New-VM -Name "$Name-making" -Path (Hyper-V\Get-VMHost).VirtualMachinePath -Generation 2 -MemoryStartupBytes 268435456 -NoVHD
Hyper-V\Set-VM -VM $vm -Notes 'made by hand'
Hyper-V\Rename-VM -VM $vm -NewName $Name
Hyper-V\Set-VM -VM $vm -StaticMemory -MemoryStartupBytes 268435456 -ProcessorCount 1 -CheckpointType Standard -AutomaticStartAction Nothing -AutomaticStopAction ShutDown
if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {
    Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false
}
Hyper-V\Set-VMProcessor -VM $vm -ExposeVirtualizationExtensions $false
Hyper-V\Set-VMComPort -VM $vm -Number 1 -Path "\\.\pipe\$Name-com1"
Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot Off
foreach ($adapter in @($vm.NetworkAdapters)) { Hyper-V\Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }
$adapter = Hyper-V\Add-VMNetworkAdapter -VM $vm -StaticMacAddress '00155D00AB01' -Passthru
Hyper-V\Connect-VMNetworkAdapter -VMNetworkAdapter $adapter -VMSwitch $switch
$disk = [System.IO.Path]::Combine($vm.Path, 'disk0.vhdx')
$null = Hyper-V\New-VHD -Path $disk -SizeBytes 67108864 -BlockSizeBytes 1048576 -Dynamic
$drive = Hyper-V\Add-VMHardDiskDrive -VM $vm -ControllerType SCSI -ControllerNumber 0 -ControllerLocation 0 -Path $disk -Passthru
$installer = Hyper-V\Add-VMDvdDrive -VM $vm -ControllerNumber 0 -ControllerLocation 62 -Passthru
$null = Hyper-V\Add-VMDvdDrive -VM $vm -ControllerNumber 0 -ControllerLocation 63 -Passthru
Hyper-V\Set-VMFirmware -VM $vm -BootOrder @($drive, $installer)
Hyper-V\Set-VMDvdDrive -VMDvdDrive $installer -Path $Iso
Hyper-V\Start-VM -VM $vm
