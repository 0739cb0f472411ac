# A dynamic disk with blocks of 1 MiB, as Linux file systems want them, at its place on the SCSI controller.
function Invoke-AddDisk($Arguments) {
    $vm = Get-OffMachine $Arguments.id
    if (-not [System.IO.File]::Exists($Arguments.path)) {
        $null = Hyper-V\New-VHD -Path $Arguments.path -SizeBytes $Arguments.sizeBytes -BlockSizeBytes 1048576 -Dynamic
    }
    foreach ($drive in $vm.HardDrives) { if ($drive.Path -eq $Arguments.path) { return $true } }
    Hyper-V\Add-VMHardDiskDrive -VM $vm -ControllerType SCSI -ControllerNumber 0 -ControllerLocation $Arguments.location -Path $Arguments.path
    return $true
}
