# Optical drives at their places on the SCSI controller, empty; New-VM makes none. Those that are there stay.
function Invoke-AddOpticalDrives($Arguments) {
    $vm = Get-Machine $Arguments.id
    foreach ($location in $Arguments.locations) {
        $isThere = $false
        foreach ($drive in $vm.DVDDrives) {
            if ($drive.ControllerNumber -eq 0 -and $drive.ControllerLocation -eq $location) { $isThere = $true }
        }
        if (-not $isThere) { Hyper-V\Add-VMDvdDrive -VM $vm -ControllerNumber 0 -ControllerLocation $location }
    }
    return $true
}
