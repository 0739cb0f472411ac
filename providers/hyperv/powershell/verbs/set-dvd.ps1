# Inserts a medium, or ejects it where path is ''. The drive is made where it is not there yet; it stays.
function Invoke-SetDvd($Arguments) {
    $vm = Get-Machine $Arguments.id
    $path = $(if ($Arguments.path -eq '') { $null } else { $Arguments.path })
    foreach ($drive in $vm.DVDDrives) {
        if ($drive.ControllerNumber -ne 0 -or $drive.ControllerLocation -ne $Arguments.location) { continue }
        if ([string]$drive.Path -ne $Arguments.path) { Hyper-V\Set-VMDvdDrive -VMDvdDrive $drive -Path $path }
        return $true
    }
    if ($null -eq $path) { return $true }
    Hyper-V\Add-VMDvdDrive -VM $vm -ControllerNumber 0 -ControllerLocation $Arguments.location -Path $path
    return $true
}
