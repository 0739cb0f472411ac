# Takes a machine out of the users of a shared switch, and removes the switch, with its NAT, where nobody is left.
# removed says what went; kept why something stayed, '' where nothing had to go. id '' is for a look at what is left over.
function Invoke-LeaveNetwork($Arguments) {
    try {
        if (Test-Leaving $Arguments) { return Exit-Network $Arguments }
        return [ordered]@{ removed = @(); kept = '' }
    } catch [System.UnauthorizedAccessException] {
        # No reason to keep a machine.
        return [ordered]@{ removed = @(); kept = 'denied' }
    }
}

# Whether it may change anything: seen without the lock, which a machine on other networks never needs.
function Test-Leaving($Arguments) {
    $switch = Find-OwnSwitch $Arguments
    if ($null -eq $switch) { return $false }
    $users = @(Get-SwitchUsers $switch @(Get-Leases))
    return $users.Length -eq 0 -or $users -contains $Arguments.id
}

function Exit-Network($Arguments) {
    [System.IO.FileStream]$lock = Enter-NetworkLock
    try {
        $leases = @(Get-Leases | Where-Object { $_.vmId -ne $Arguments.id -or $_.switch -ne $Arguments.switch })
        Write-Leases $leases
        $switch = Find-OwnSwitch $Arguments
        if ($null -eq $switch) { return [ordered]@{ removed = @(); kept = '' } }
        $others = @(Get-SwitchUsers $switch $leases | Where-Object { $_ -ne $Arguments.id })
        if ($others.Length -gt 0) { return [ordered]@{ removed = @(); kept = 'used' } }
        $prefix = Get-SharedPrefix $switch $Arguments
        $nats = @(Get-NatNetworks | Where-Object { $_.name -eq $Arguments.nat -and $_.prefix -eq $prefix })
        if ($nats.Length -gt 0 -and -not (Get-TokenRights).administrator) { return [ordered]@{ removed = @(); kept = 'rights' } }
        # First what cannot say whose it is.
        if ($nats.Length -gt 0) { NetNat\Remove-NetNat -Name $Arguments.nat -Confirm:$false -ErrorAction Stop }
        Hyper-V\Remove-VMSwitch -VMSwitch $switch -Force
        $removed = @($nats | ForEach-Object { 'NAT network ' + $_.name }) + @('switch ' + $Arguments.switch)
        return [ordered]@{ removed = $removed; kept = '' }
    } finally {
        $lock.Dispose()
    }
}

# One of somebody else with this name is none of ours, and no error here.
function Find-OwnSwitch($Arguments) {
    foreach ($switch in @(Hyper-V\Get-VMSwitch)) {
        if ($switch.Name -eq $Arguments.switch -and ([string]$switch.Notes).StartsWith($Arguments.sentence, 'Ordinal')) { return $switch }
    }
    return $null
}
