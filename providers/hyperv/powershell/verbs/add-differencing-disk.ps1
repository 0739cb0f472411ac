# A disk that holds only what will differ from another one, at its place on the SCSI controller.
function Invoke-AddDifferencingDisk($Arguments) {
    $vm = Get-Machine $Arguments.id
    if (-not [System.IO.File]::Exists($Arguments.path)) {
        $null = Hyper-V\New-VHD -Differencing -Path $Arguments.path -ParentPath (Get-DiskFile $Arguments.parent)
    }
    foreach ($drive in $vm.HardDrives) { if ($drive.Path -eq $Arguments.path) { return $true } }
    Hyper-V\Add-VMHardDiskDrive -VM $vm -ControllerType SCSI -ControllerNumber 0 -ControllerLocation $Arguments.location -Path $Arguments.path
    return $true
}
