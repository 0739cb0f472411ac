# One machine with all that its spec decides; machine is null where there is none.
function Invoke-GetVm($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return [ordered]@{ machine = $null } }
    $machine = Get-MachineSummary $vm
    $machine['status'] = [string]$vm.Status
    $machine['processors'] = $vm.ProcessorCount
    $machine['memoryBytes'] = $vm.MemoryStartup
    $machine['isMemoryDynamic'] = $vm.DynamicMemoryEnabled
    $machine['com1'] = [string]$vm.ComPort1.Path
    $machine['disks'] = @($vm.HardDrives | ForEach-Object { Get-DiskFacts $_ })
    $machine['optical'] = @($vm.DVDDrives | ForEach-Object { Get-DriveFacts $_ })
    $machine['networks'] = @($vm.NetworkAdapters | ForEach-Object { Get-AdapterFacts $_ })
    $machine['isNested'] = (Hyper-V\Get-VMProcessor -VM $vm).ExposeVirtualizationExtensions
    $machine['isTpmOn'] = (Hyper-V\Get-VMSecurity -VM $vm).TpmEnabled
    if ($vm.Generation -eq 2) {
        $firmware = Hyper-V\Get-VMFirmware -VM $vm
        $machine['secureBoot'] = $firmware.SecureBoot
        $machine['secureBootTemplate'] = [string]$firmware.SecureBootTemplate
    }
    return [ordered]@{ machine = $machine }
}

# 0 bytes where the file is not there yet, or was deleted by hand.
function Get-DiskFacts($Drive) {
    $facts = Get-DriveFacts $Drive
    $facts['sizeBytes'] = $(if ([System.IO.File]::Exists($facts['path'])) { (Hyper-V\Get-VHD -Path $facts['path']).Size } else { 0 })
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
