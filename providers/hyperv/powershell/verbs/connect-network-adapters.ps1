# Plugs network cards into their switches where they are in another or in none: a switch may have been made anew.
function Invoke-ConnectNetworkAdapters($Arguments) {
    $vm = Get-Machine $Arguments.id
    foreach ($wanted in $Arguments.adapters) {
        foreach ($adapter in @($vm.NetworkAdapters)) {
            if ($adapter.MacAddress -ne $wanted.mac -or [string]$adapter.SwitchId -eq $wanted.switchId) { continue }
            Hyper-V\Connect-VMNetworkAdapter -VMNetworkAdapter $adapter -VMSwitch (Hyper-V\Get-VMSwitch -Id ([guid]$wanted.switchId))
        }
    }
    return $true
}
