# The switches that machines of azl-vm share, and which machine has which address there. On the host, because machines of
# other users and controllers are on the same switches: everything here happens under one lock, a file.

function Get-LeasesPath([string]$Suffix) {
    $data = [System.Environment]::GetEnvironmentVariable('ProgramData')
    return [System.IO.Path]::Combine($data, 'azl-vm', 'leases' + $Suffix)
}

# The folder is for all who may make machines: Hyper-V Administrators may change what an elevated run made there. Below
# ProgramData a file is else read-only for all but its maker and administrators.
function New-LeasesFolder {
    $folder = [System.IO.DirectoryInfo]::new([System.IO.Path]::GetDirectoryName((Get-LeasesPath '')))
    if ($folder.Exists) { return }
    $access = [System.Security.AccessControl.DirectorySecurity]::new()
    # Windows and administrators all; Hyper-V Administrators what "Modify" is. Files and folders below inherit it.
    $access.SetSecurityDescriptorSddlForm('D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-32-578)',
        [System.Security.AccessControl.AccessControlSections]::Access)
    $folder.Create($access)
}

function Get-Switches {
    foreach ($switch in @(Hyper-V\Get-VMSwitch)) {
        [ordered]@{ id = $switch.Id; name = $switch.Name; type = $switch.SwitchType; notes = [string]$switch.Notes }
    }
}

# Held until it is disposed of, by whatever end of this process.
function Enter-NetworkLock {
    New-LeasesFolder
    $path = Get-LeasesPath '.lock'
    $deadline = [datetime]::UtcNow.AddSeconds(60)
    while ($true) {
        try {
            return [System.IO.FileStream]::new($path, 'OpenOrCreate', 'ReadWrite', 'None')
        } catch [System.IO.IOException] {
            if ([datetime]::UtcNow -gt $deadline) { throw }
            [System.Threading.Thread]::Sleep(50)
        }
    }
}

# Of machines that are there; those of others are forgotten. Whoever does not hold the lock reads them as they were last
# written, and is in nobody's way.
function Get-Leases {
    $path = Get-LeasesPath '.json'
    if (-not [System.IO.File]::Exists($path)) { return }
    $ids = @(Hyper-V\Get-VM | ForEach-Object { [string]$_.Id })
    $share = [System.IO.FileShare]'ReadWrite, Delete'
    $reader = [System.IO.StreamReader]::new([System.IO.FileStream]::new($path, 'Open', 'Read', $share))
    try { $known = ConvertFrom-JsonLine $reader.ReadToEnd() } finally { $reader.Dispose() }
    $known.leases | Where-Object { $ids -contains $_.vmId }
}

function Write-Leases($Leases) {
    $path = Get-LeasesPath '.json'
    $new = Get-LeasesPath '.new'
    [System.IO.File]::WriteAllText($new, (ConvertTo-JsonLine ([ordered]@{ leases = @($Leases) })))
    if ([System.IO.File]::Exists($path)) { [System.IO.File]::Replace($new, $path, [NullString]::Value) }
    else { [System.IO.File]::Move($new, $path) }
}

# The switch of this name that is ours by its notes, or $null. One of somebody else is never touched.
function Find-SharedSwitch($Arguments) {
    $named = @(Hyper-V\Get-VMSwitch | Where-Object { $_.Name -eq $Arguments.switch })
    $ours = @($named | Where-Object { ([string]$_.Notes).StartsWith($Arguments.sentence, 'Ordinal') })
    if ($ours.Length -gt 0) { return $ours[0] }
    if ($named.Length -eq 0) { return $null }
    throw (New-Failure "the switch '$($Arguments.switch)' was not made by azl-vm" 'AzlVmForeignNetwork' 'ResourceExists')
}

function Get-SharedPrefix($Switch, $Arguments) {
    return ([string]$Switch.Notes).Substring(([string]$Arguments.sentence).Length).Trim()
}

function New-SharedSwitch($Arguments) {
    $prefix = Get-FreePrefix $Arguments.prefixes
    if ($prefix -eq '') {
        throw (New-Failure 'every range of addresses for it is in use on this host' 'AzlVmNoFreePrefix' 'ResourceUnavailable')
    }
    $switch = Hyper-V\New-VMSwitch -Name $Arguments.switch -SwitchType Internal -Notes ($Arguments.sentence + $prefix)
    try {
        Complete-SharedSwitch $Arguments $switch
    } catch {
        $why = $_
        Hyper-V\Remove-VMSwitch -VMSwitch $switch -Force
        throw $why
    }
    return $switch
}

# What of it is not there yet: the making of an earlier process may have been cut off.
function Complete-SharedSwitch($Arguments, $Switch) {
    $prefix = Get-SharedPrefix $Switch $Arguments
    if (-not $Arguments.hasAddress) { return }
    $gateway = Get-AddressInPrefix $prefix 1
    $taken = @(NetTCPIP\Get-NetIPAddress -AddressFamily IPv4 -ErrorAction Stop | Where-Object { $_.IPAddress -eq $gateway })
    if ($taken.Length -eq 0) {
        $null = NetTCPIP\New-NetIPAddress -InterfaceIndex (Get-SwitchInterface $Switch) -IPAddress $gateway -PrefixLength 24 -ErrorAction Stop
    }
    if ($Arguments.nat -eq '') { return }
    $nats = @(NetNat\Get-NetNat -ErrorAction Stop | Where-Object { $_.Name -eq $Arguments.nat })
    if ($nats.Length -eq 0) {
        $null = NetNat\New-NetNat -Name $Arguments.nat -InternalIPInterfaceAddressPrefix $prefix -ErrorAction Stop
    } elseif ($nats[0].InternalIPInterfaceAddressPrefix -ne $prefix) {
        throw (New-Failure "the NAT network '$($Arguments.nat)' was not made by azl-vm" 'AzlVmForeignNetwork' 'ResourceExists')
    }
}

# The index of the host's own end. Windows makes it a moment after the switch.
function Get-SwitchInterface($Switch) {
    $deadline = [datetime]::UtcNow.AddSeconds(30)
    while ($true) {
        $ends = @(Hyper-V\Get-VMNetworkAdapter -ManagementOS | Where-Object { $_.SwitchId -eq $Switch.Id })
        foreach ($interface in @(NetAdapter\Get-NetAdapter -IncludeHidden -ErrorAction Stop)) {
            if ($ends.Length -gt 0 -and $interface.DeviceID -eq $ends[0].DeviceId) { return $interface.InterfaceIndex }
        }
        if ([datetime]::UtcNow -gt $deadline) {
            throw (New-Failure "Windows made no network interface for the switch '$($Switch.Name)'" 'AzlVmNoInterface' 'ResourceUnavailable')
        }
        [System.Threading.Thread]::Sleep(200)
    }
}

# The ids of the machines that need the switch: those with a lease, and those that are plugged in.
function Get-SwitchUsers($Switch, $Leases) {
    $users = @{}
    foreach ($lease in $Leases) { if ($lease.switch -eq $Switch.Name) { $users[$lease.vmId] = $true } }
    foreach ($vm in @(Hyper-V\Get-VM)) {
        foreach ($adapter in @($vm.NetworkAdapters)) { if ($adapter.SwitchId -eq $Switch.Id) { $users[[string]$vm.Id] = $true } }
    }
    return @($users.Keys)
}

# The first of these, with spaces between them, that no route, NAT network or network of the Host Networking Service overlaps; '' where there is none.
function Get-FreePrefix([string]$Prefixes) {
    $ranges = @(Get-UsedPrefixes | ForEach-Object { , (Get-PrefixRange $_) })
    foreach ($prefix in ($Prefixes -split ' ')) {
        $own = @(Get-PrefixRange $prefix)
        $clashes = @($ranges | Where-Object { @($_)[0] -lt $own[1] -and $own[0] -lt @($_)[1] })
        if ($clashes.Length -eq 0) { return $prefix }
    }
    return ''
}

function Get-UsedPrefixes {
    $routes = @(NetTCPIP\Get-NetRoute -AddressFamily IPv4 -ErrorAction Stop | ForEach-Object { [string]$_.DestinationPrefix })
    # Those of a few bits are ways to everywhere, as the default route and a VPN's halves of it.
    $routes | Where-Object { [int]@(([string]$_).Split('/'))[1] -ge 4 }
    Get-NatNetworks | ForEach-Object { $_.prefix }
    Get-HnsNetworks | ForEach-Object { $_.prefixes }
}

function Get-NatNetworks {
    # Where Windows lacks the class there is no NAT.
    $nats = @(NetNat\Get-NetNat -ErrorAction SilentlyContinue)
    return @($nats | ForEach-Object {
            [ordered]@{ name = [string]$_.Name; prefix = [string]$_.InternalIPInterfaceAddressPrefix }
        } | Where-Object { $_.prefix -ne '' })
}

# Containers and WSL have networks that Get-NetNat does not show. The module came with Windows Server 2019.
function Get-HnsNetworks {
    if ($null -eq (Get-Command -Name HostNetworkingService\Get-HnsNetwork -ErrorAction SilentlyContinue)) { return }
    foreach ($network in @(HostNetworkingService\Get-HnsNetwork -ErrorAction SilentlyContinue)) {
        $prefixes = @($network.Subnets | ForEach-Object { [string]$_.AddressPrefix } | Where-Object { $_ -like '*.*/*' })
        [ordered]@{ name = [string]$network.Name; type = [string]$network.Type; prefixes = $prefixes }
    }
}

function Get-AddressNumber([string]$Address) {
    $number = [long]0
    foreach ($byte in [System.Net.IPAddress]::Parse($Address).GetAddressBytes()) { $number = $number * 256 + $byte }
    return $number
}

# The first number and the one behind the last.
function Get-PrefixRange([string]$Prefix) {
    $address, $bits = $Prefix.Split('/')
    $size = [long][System.Math]::Pow(2, 32 - [int]$bits)
    $number = Get-AddressNumber $address
    $first = $number - $number % $size
    return @($first, ($first + $size))
}

function Get-AddressInPrefix([string]$Prefix, [int]$Number) {
    $rest = @(Get-PrefixRange $Prefix)[0] + $Number
    $parts = @(foreach ($power in 3, 2, 1, 0) { [System.Math]::Floor($rest / [System.Math]::Pow(256, $power)) % 256 })
    return $parts -join '.'
}
