# Asks Hyper-V what our simulator says of it, rule for rule (rules.json): one JSON line each on standard output, with
# the value seen, and of a refusal its id, number and text. Makes machines, disks and a switch whose names begin with
# $prefix, all files in $Folder, and removes them. Starts nothing. Windows PowerShell 5.1.
param([string]$Scripts, [string]$Folder, [string]$Iso)
. ([System.IO.Path]::Combine($PSScriptRoot, 'lines.ps1'))

# A rule that cannot be asked for does not keep the others from it.
function Show-Value([string]$Rule, [scriptblock]$Block) {
    try { Send-Line ([ordered]@{ rule = $Rule; seen = [string](& $Block) }) }
    catch { Send-Line ([ordered]@{ rule = $Rule; seen = 'failed'; error = Get-Failure $_ }) }
}

# Facts are what the text names, in the order of the simulator's errors.json.
function Show-Refusal([string]$Rule, [string[]]$Facts, [scriptblock]$Block) {
    try {
        $null = & $Block
        Send-Line ([ordered]@{ rule = $Rule; seen = 'none' })
    } catch {
        $failure = Get-Failure $_
        Send-Line ([ordered]@{ rule = $Rule; seen = @(([string]$failure['errorId']).Split([char]44))[0]; error = $failure; facts = $Facts })
    }
}

# Properties of the module's objects, as this Windows has them.
function Show-Type($Object) {
    [System.Type]$type = $Object.GetType()
    $properties = [ordered]@{}
    foreach ($property in $type.GetProperties()) { $properties[$property.Name] = $property.PropertyType.FullName }
    Send-Line ([ordered]@{ type = $type.FullName; base = $type.BaseType.FullName; properties = $properties })
}

function Show-Rules {
    $name = "$prefix-a"
    $vm = Hyper-V\New-VM -Name $name -Generation 2 -NoVHD -Path $Folder
    Show-Value 'new-secure-boot' { (Hyper-V\Get-VMFirmware -VM $vm).SecureBoot }
    Show-Value 'new-secure-boot-template' { (Hyper-V\Get-VMFirmware -VM $vm).SecureBootTemplate }
    Show-Value 'new-optical-drives' { @(Hyper-V\Get-VMDvdDrive -VM $vm).Length }
    Show-Value 'new-network-cards' { @(Hyper-V\Get-VMNetworkAdapter -VM $vm).Length }
    Show-Value 'new-network-card-address' { @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].MacAddress }
    Show-Value 'new-boot-order' { @((Hyper-V\Get-VMFirmware -VM $vm).BootOrder | ForEach-Object { [string]$_.BootType }) -join ' ' }
    Show-Value 'new-start-action' { $vm.AutomaticStartAction }
    Show-Value 'new-stop-action' { $vm.AutomaticStopAction }
    Show-Value 'new-checkpoint-type' { $vm.CheckpointType }
    Show-Value 'new-folder' { [System.IO.Directory]::Exists((Get-Path $name)) }
    Show-Refusal 'name-too-long' @() { Hyper-V\New-VM -Name ($prefix + [string]::new([char]110, 101)) -Path $Folder -NoVHD }

    $old = Hyper-V\New-VM -Name "$prefix-b" -Generation 1 -NoVHD -Path $Folder
    Show-Refusal 'generation-1-firmware' @() { Hyper-V\Set-VMFirmware -VM $old -EnableSecureBoot Off }
    Show-Refusal 'tpm-before-protector' @($name, [string]$vm.Id) { Hyper-V\Enable-VMTPM -VM $vm }
    Show-Value 'tpm' {
        Hyper-V\Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftUEFICertificateAuthority
        Hyper-V\Set-VMKeyProtector -VM $vm -NewLocalKeyProtector
        Hyper-V\Enable-VMTPM -VM $vm
        (Hyper-V\Get-VMSecurity -VM $vm).TpmEnabled
    }
    Show-Refusal 'template-after-tpm' @($name, [string]$vm.Id) { Hyper-V\Set-VMFirmware -VM $vm -SecureBootTemplate MicrosoftWindows }

    Show-Refusal 'missing-by-name' @("$prefix-none") { Hyper-V\Get-VM -Name "$prefix-none" }
    $none = [guid]::NewGuid()
    Show-Refusal 'missing-by-id' @([string]$none) { Hyper-V\Get-VM -Id $none }
    Show-Refusal 'missing-elsewhere' @("$prefix-none") { Hyper-V\Set-VMMemory -VMName "$prefix-none" -StartupBytes 1073741824 }
    Show-Value 'pattern-without-match' { @(Hyper-V\Get-VM -Name "$prefix-none*").Length }

    $disk = Get-Path 'd.vhdx'
    Show-Value 'disk' {
        $made = Hyper-V\New-VHD -Path $disk -SizeBytes 1073741824 -Dynamic -BlockSizeBytes 1048576
        @([string]$made.VhdFormat, [string]$made.VhdType, [string]$made.Size, [string]$made.BlockSize) -join ' '
    }
    Show-Refusal 'disk-exists' @($disk) { Hyper-V\New-VHD -Path $disk -SizeBytes 1073741824 }
    Show-Refusal 'disk-odd-size' @((Get-Path 'o.vhdx')) { Hyper-V\New-VHD -Path (Get-Path 'o.vhdx') -SizeBytes 2000000001 }
    Show-Refusal 'vhd-on-generation-2' @($name, [string]$vm.Id, (Get-Path 'd.vhd')) {
        $null = Hyper-V\New-VHD -Path (Get-Path 'd.vhd') -SizeBytes 67108864 -Dynamic
        Hyper-V\Add-VMHardDiskDrive -VM $vm -Path (Get-Path 'd.vhd')
    }
    Show-Value 'disk-place' {
        $drive = Hyper-V\Add-VMHardDiskDrive -VM $vm -Path $disk -Passthru
        @([string]$drive.ControllerType, [string]$drive.ControllerNumber, [string]$drive.ControllerLocation) -join ' '
    }
    Show-Value 'converted-type' {
        Hyper-V\Convert-VHD -Path $disk -DestinationPath (Get-Path 'c.vhd')
        (Hyper-V\Get-VHD -Path (Get-Path 'c.vhd')).VhdType
    }

    $dvd = Hyper-V\Add-VMDvdDrive -VM $vm -Path $Iso -Passthru
    Show-Value 'optical-place' { @([string]$dvd.ControllerNumber, [string]$dvd.ControllerLocation) -join ' ' }
    Show-Refusal 'missing-iso' @((Get-Path 'none.iso')) { Hyper-V\Set-VMDvdDrive -VMDvdDrive $dvd -Path (Get-Path 'none.iso') }
    Show-Value 'ejected' {
        Hyper-V\Set-VMDvdDrive -VMDvdDrive $dvd -Path $null
        [string]@(Hyper-V\Get-VMDvdDrive -VM $vm).Length + ' [' + [string]@(Hyper-V\Get-VMDvdDrive -VM $vm)[0].Path + ']'
    }
    Show-Value 'boot-order' {
        Hyper-V\Set-VMFirmware -VM $vm -BootOrder $dvd
        @((Hyper-V\Get-VMFirmware -VM $vm).BootOrder).Length
    }

    Show-Value 'default-switch' { @(Hyper-V\Get-VMSwitch | Where-Object { [string]$_.Id -eq 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444' }).Length }
    Show-Value 'switch-plugged' {
        $null = Hyper-V\New-VMSwitch -Name "$prefix-p" -SwitchType Private
        Hyper-V\Connect-VMNetworkAdapter -VMName $name -SwitchName "$prefix-P"
        @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].SwitchName -eq "$prefix-p"
    }
    Show-Value 'switch-gone' {
        Hyper-V\Remove-VMSwitch -Name "$prefix-p" -Force
        @(Hyper-V\Get-VMNetworkAdapter -VM $vm)[0].Connected
    }

    Show-Refusal 'checkpoints-disabled' @($name, [string]$vm.Id) {
        Hyper-V\Set-VM -VM $vm -CheckpointType Disabled -Notes 'one'
        Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s
    }
    Show-Value 'checkpoint-disk' {
        Hyper-V\Set-VM -VM $vm -CheckpointType Standard
        Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s
        [System.IO.Path]::GetExtension([string]@(Hyper-V\Get-VMHardDiskDrive -VM $vm)[0].Path)
    }
    Show-Value 'restored-notes' {
        Hyper-V\Set-VM -VM $vm -Notes 'two'
        Hyper-V\Restore-VMSnapshot -VMName $name -Name s -Confirm:$false
        (Hyper-V\Get-VM -Id $vm.Id).Notes
    }
    Show-Value 'names-repeat' {
        Hyper-V\Rename-VM -VM $vm -NewName "$prefix-b"
        @(Hyper-V\Get-VM -Name "$prefix-b").Length
    }
    foreach ($object in @($vm, $dvd, @($vm.NetworkAdapters)[0], (Hyper-V\Get-VMFirmware -VM $vm), (Hyper-V\Get-VMHost))) { Show-Type $object }
    Show-Value 'disk-stays' {
        Hyper-V\Remove-VM -VM (Hyper-V\Get-VM -Id $vm.Id) -Force
        [System.IO.File]::Exists($disk)
    }
}

try { Show-Rules }
finally { Remove-Own }
