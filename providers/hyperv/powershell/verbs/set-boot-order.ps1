# The disks in their order, then the optical drive at a location. What is not listed is not tried: a network card would
# try PXE first.
function Invoke-SetBootOrder($Arguments) {
    $vm = Get-Machine $Arguments.id
    $order = [System.Collections.ArrayList]::new()
    for ($location = 0; $location -lt 64; $location++) {
        foreach ($drive in $vm.HardDrives) {
            if ($drive.ControllerNumber -eq 0 -and $drive.ControllerLocation -eq $location) { $null = $order.Add($drive) }
        }
    }
    foreach ($drive in $vm.DVDDrives) {
        if ($drive.ControllerNumber -eq 0 -and $drive.ControllerLocation -eq $Arguments.location) { $null = $order.Add($drive) }
    }
    Hyper-V\Set-VMFirmware -VM $vm -BootOrder ($order.ToArray())
    return $true
}
