# The addresses that are reserved for a machine's network cards.
function Invoke-GetLeases($Arguments) {
    $own = @(Get-Leases | Where-Object { $_.vmId -eq $Arguments.id })
    return [ordered]@{
        leases = @($own | ForEach-Object {
                $prefix = [string]$_.address + '/24'
                [ordered]@{ switch = $_.switch; mac = $_.mac; address = $_.address; first = Get-AddressInPrefix $prefix 1 }
            })
    }
}
