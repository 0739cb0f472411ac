# The machine's network cards, in their order; New-VM made one that nobody asked for. switchId '' leaves one unplugged,
# vlan 0 untagged.
function Invoke-SetNetworkAdapters($Arguments) {
    $vm = Get-OffMachine $Arguments.id
    foreach ($adapter in @($vm.NetworkAdapters)) { Hyper-V\Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }
    foreach ($wanted in $Arguments.adapters) {
        $adapter = Hyper-V\Add-VMNetworkAdapter -VM $vm -StaticMacAddress $wanted.mac -Passthru
        if ($wanted.spoofing) { Hyper-V\Set-VMNetworkAdapter -VMNetworkAdapter $adapter -MacAddressSpoofing On }
        if ($wanted.vlan -ne 0) { Hyper-V\Set-VMNetworkAdapterVlan -VMNetworkAdapter $adapter -Access -VlanId $wanted.vlan }
        if ($wanted.switchId -eq '') { continue }
        $switch = Hyper-V\Get-VMSwitch -Id ([guid]$wanted.switchId)
        Hyper-V\Connect-VMNetworkAdapter -VMNetworkAdapter $adapter -VMSwitch $switch
    }
    return $true
}
