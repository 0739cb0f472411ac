# Brings a machine back to a checkpoint; one that is on is switched off for it. Name and Notes, which a checkpoint holds
# too, stay as they are now, and so do the media of a machine that is off then.
function Invoke-RestoreCheckpoint($Arguments) {
    $vm = Get-Machine $Arguments.id
    $checkpoint = Get-Checkpoint $vm $Arguments.checkpointId
    $media = @($vm.DVDDrives | ForEach-Object { @{ number = $_.ControllerNumber; location = $_.ControllerLocation; path = [string]$_.Path } })
    if ([string]$vm.State -ne 'Off' -and [string]$vm.State -ne 'Saved') { Hyper-V\Stop-VM -VM $vm -TurnOff -Force }
    Hyper-V\Restore-VMSnapshot -VMSnapshot $checkpoint
    $restored = Get-Machine $Arguments.id
    if ([string]$restored.Notes -cne [string]$vm.Notes) { Hyper-V\Set-VM -VM $restored -Notes $vm.Notes }
    if ($restored.Name -cne $vm.Name) { Hyper-V\Rename-VM -VM $restored -NewName $vm.Name }
    if ([string]$restored.State -eq 'Off') { Set-Media $restored $media }
    return [ordered]@{ state = $restored.State }
}

function Set-Media($Vm, $Media) {
    foreach ($drive in $Vm.DVDDrives) {
        foreach ($medium in $Media) {
            if ($medium.number -ne $drive.ControllerNumber -or $medium.location -ne $drive.ControllerLocation) { continue }
            if ($medium.path -eq [string]$drive.Path) { continue }
            $path = $(if ($medium.path -eq '') { $null } else { $medium.path })
            Hyper-V\Set-VMDvdDrive -VMDvdDrive $drive -Path $path
        }
    }
}
