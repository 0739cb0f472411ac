# Optical drives at their places on the SCSI controller, empty; New-VM makes none. Those that are there stay. Booted are
# the disks in their order, then the drive at the place that is named; what is not listed is not tried: a network card
# would try PXE first.
function Invoke-AddOpticalDrives($Arguments) {
    $vm = Get-OffMachine $Arguments.id
    $order = @(Get-OrderedDisks $vm)
    foreach ($location in $Arguments.locations) {
        $drive = Get-OpticalDrive $vm $location
        if ($location -eq $Arguments.booted) { $order += $drive }
    }
    Hyper-V\Set-VMFirmware -VM $vm -BootOrder $order
    return $true
}

function Get-OrderedDisks($Vm) {
    for ($location = 0; $location -lt 64; $location++) {
        foreach ($drive in $Vm.HardDrives) {
            if ($drive.ControllerNumber -eq 0 -and $drive.ControllerLocation -eq $location) { $drive }
        }
    }
}

function Get-OpticalDrive($Vm, $Location) {
    foreach ($drive in $Vm.DVDDrives) {
        if ($drive.ControllerNumber -eq 0 -and $drive.ControllerLocation -eq $Location) { return $drive }
    }
    return Hyper-V\Add-VMDvdDrive -VM $Vm -ControllerNumber 0 -ControllerLocation $Location -Passthru
}
