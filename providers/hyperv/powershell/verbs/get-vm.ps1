# One machine with all that its spec decides; machine is null where there is none, or where it was removed while it was
# read: other commands remove machines at any time.
function Invoke-GetVm($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return [ordered]@{ machine = $null } }
    try {
        return [ordered]@{ machine = Get-MachineFacts $vm }
    } catch {
        if ($null -ne (Find-Machine $Arguments.id)) { throw }
        return [ordered]@{ machine = $null }
    }
}

function Get-MachineFacts($Vm) {
    $machine = Get-MachineSummary $Vm
    $machine['status'] = [string]$Vm.Status
    $machine['processors'] = $Vm.ProcessorCount
    $machine['memoryBytes'] = $Vm.MemoryStartup
    $machine['isMemoryDynamic'] = $Vm.DynamicMemoryEnabled
    $machine['com1'] = [string]$Vm.ComPort1.Path
    $machine['disks'] = @(foreach ($drive in $Vm.HardDrives) { Get-DiskFacts $drive })
    $machine['optical'] = @(foreach ($drive in $Vm.DVDDrives) { Get-DriveFacts $drive })
    $machine['networks'] = @(foreach ($adapter in $Vm.NetworkAdapters) { Get-AdapterFacts $adapter })
    $machine['isNested'] = (Hyper-V\Get-VMProcessor -VM $Vm).ExposeVirtualizationExtensions
    $machine['isTpmOn'] = (Hyper-V\Get-VMSecurity -VM $Vm).TpmEnabled
    if ($Vm.Generation -eq 2) {
        $firmware = Hyper-V\Get-VMFirmware -VM $Vm
        $machine['secureBoot'] = $firmware.SecureBoot
        $machine['secureBootTemplate'] = [string]$firmware.SecureBootTemplate
    }
    return $machine
}

# 0 bytes where the file is not there yet, or was deleted by hand.
function Get-DiskFacts($Drive) {
    $facts = Get-DriveFacts $Drive
    $disk = Read-Disk $facts['path']
    $facts['sizeBytes'] = $(if ($null -eq $disk) { 0 } else { $disk.Size })
    return $facts
}

function Get-DriveFacts($Drive) {
    return [ordered]@{
        path     = [string]$Drive.Path
        number   = $Drive.ControllerNumber
        location = $Drive.ControllerLocation
    }
}

function Get-AdapterFacts($Adapter) {
    return [ordered]@{
        mac       = $Adapter.MacAddress
        isDynamic = $Adapter.DynamicMacAddressEnabled
        switchId  = $(if ($null -eq $Adapter.SwitchId) { '' } else { [string]$Adapter.SwitchId })
        addresses = @($Adapter.IPAddresses)
    }
}
