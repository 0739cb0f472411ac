# Where a machine's network cards may answer: what the guest itself told, and whom the host has heard from.
function Invoke-FindAddresses($Arguments) {
    $vm = Get-Machine $Arguments.id
    $heard = @(NetTCPIP\Get-NetNeighbor -AddressFamily IPv4 -ErrorAction SilentlyContinue)
    return [ordered]@{
        cards = @($vm.NetworkAdapters | ForEach-Object { Get-CardAddresses $_ $heard })
    }
}

# A machine's hardware addresses have no separators, those of neighbours have dashes.
function Get-CardAddresses($Adapter, $Heard) {
    $dashed = [regex]::Replace($Adapter.MacAddress, '(..)(?!$)', '$1-')
    $entries = @($Heard | Where-Object { $_.LinkLayerAddress -eq $dashed })
    return [ordered]@{
        mac        = $Adapter.MacAddress
        told       = @($Adapter.IPAddresses)
        neighbours = @($entries | ForEach-Object { [ordered]@{ address = [string]$_.IPAddress; state = [string]$_.State } })
    }
}
