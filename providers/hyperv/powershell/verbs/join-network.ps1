# Puts a machine among the users of a shared switch, which is made where it is missing and that is allowed, and gives each
# of its network cards there an address. '' is the address on a switch of which the host has none.
function Invoke-JoinNetwork($Arguments) {
    try {
        return Join-Network $Arguments
    } catch [System.UnauthorizedAccessException] {
        $why = $_.Exception.GetBaseException().Message
        throw (New-Failure $why 'AzlVmLeasesDenied' 'PermissionDenied')
    }
}

function Join-Network($Arguments) {
    [System.IO.FileStream]$lock = Enter-NetworkLock
    try {
        $switch = Find-SharedSwitch $Arguments
        if ($null -ne $switch) { Complete-SharedSwitch $Arguments $switch }
        elseif ($Arguments.mayMake) { $switch = New-SharedSwitch $Arguments }
        else { throw (New-Failure "the network '$($Arguments.switch)' is not there" 'AzlVmNetworkNotAllowed' 'PermissionDenied') }
        $prefix = Get-SharedPrefix $switch $Arguments
        $leases = Add-Leases @(Get-Leases) $Arguments $prefix
        Write-Leases $leases
        return [ordered]@{
            switchId  = $switch.Id
            prefix    = $prefix
            gateway   = Get-AddressInPrefix $prefix 1
            addresses = @(foreach ($mac in $Arguments.macs) {
                    ($leases | Where-Object { $_.vmId -eq $Arguments.id -and $_.mac -eq $mac }).address
                })
        }
    } finally {
        $lock.Dispose()
    }
}

function Add-Leases($Leases, $Arguments, [string]$Prefix) {
    $all = [System.Collections.ArrayList]::new(@($Leases))
    foreach ($mac in $Arguments.macs) {
        if (@($all | Where-Object { $_.vmId -eq $Arguments.id -and $_.mac -eq $mac }).Length -gt 0) { continue }
        $taken = @($all | Where-Object { $_.switch -eq $Arguments.switch } | ForEach-Object { $_.address })
        $address = Get-FreeAddress $Prefix $taken
        $null = $all.Add([ordered]@{ switch = $Arguments.switch; vmId = [string]$Arguments.id; mac = $mac; address = $address })
    }
    return , $all.ToArray()
}

# .0 is the network's, .1 the host's, .255 everybody's.
function Get-FreeAddress([string]$Prefix, $Taken) {
    for ($number = 2; $number -lt 255; $number++) {
        $address = Get-AddressInPrefix $Prefix $number
        if ($Taken -notcontains $address) { return $address }
    }
    throw (New-Failure "every address of $Prefix is given to a machine" 'AzlVmNoFreeAddress' 'ResourceUnavailable')
}
