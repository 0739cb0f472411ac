# Inserts a medium, or ejects it where path is ''. The drive stays.
function Invoke-SetDvd($Arguments) {
    $vm = Get-Machine $Arguments.id
    $path = $(if ($Arguments.path -eq '') { $null } else { $Arguments.path })
    foreach ($drive in $vm.DVDDrives) {
        if ($drive.ControllerNumber -ne 0 -or $drive.ControllerLocation -ne $Arguments.location) { continue }
        if ([string]$drive.Path -ne $Arguments.path) { Hyper-V\Set-VMDvdDrive -VMDvdDrive $drive -Path $path }
        return $true
    }
    throw ('there is no optical drive at SCSI location ' + [string]$Arguments.location)
}
