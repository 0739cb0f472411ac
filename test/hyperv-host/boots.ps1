# Boots a machine in each way that ends differently, and tells Hyper-V's events of it, with their XML. Before each start
# it says which pipe COM1 is and waits for a line, so that somebody can listen from the first byte. All of it is named
# $prefix, lies in $Folder and goes. Windows PowerShell 5.1.
param([string]$Scripts, [string]$Folder, [string]$Iso)
. ([System.IO.Path]::Combine($PSScriptRoot, 'lines.ps1'))

$reader = [System.IO.StreamReader]::new([System.Console]::OpenStandardInput(), [System.Text.Encoding]::ASCII)
$logs = @('Microsoft-Windows-Hyper-V-Worker-Admin', 'Microsoft-Windows-Hyper-V-VMMS-Admin')

function New-Machine([string]$Kind) {
    $vm = Hyper-V\New-VM -Name "$prefix-$Kind" -Generation 2 -NoVHD -Path $Folder -MemoryStartupBytes 268435456
    Hyper-V\Set-VM -VM $vm -StaticMemory -MemoryStartupBytes 268435456 -CheckpointType Disabled -AutomaticStartAction Nothing -AutomaticStopAction TurnOff
    if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {
        Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false
    }
    foreach ($adapter in @($vm.NetworkAdapters)) { Hyper-V\Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }
    Hyper-V\Set-VMComPort -VM $vm -Number 1 -Path "\\.\pipe\$prefix-$Kind"
    if ($Kind -eq 'denied') { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot On -SecureBootTemplate MicrosoftUEFICertificateAuthority }
    else { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot Off }
    if ($Kind -eq 'failed') {
        $null = Hyper-V\New-VHD -Path (Get-Path 'empty.vhdx') -SizeBytes 67108864 -Dynamic
        $source = Hyper-V\Add-VMHardDiskDrive -VM $vm -Path (Get-Path 'empty.vhdx') -Passthru
        Hyper-V\Set-VMFirmware -VM $vm -BootOrder $source
    } elseif ($Kind -ne 'nothing') {
        $source = Hyper-V\Add-VMDvdDrive -VM $vm -Path $Iso -Passthru
        Hyper-V\Set-VMFirmware -VM $vm -BootOrder $source
    }
    return $vm
}

function Get-Events([string]$Id, [datetime]$Since) {
    try {
        $found = @(Get-WinEvent -FilterHashtable @{ LogName = $logs; StartTime = $Since } -Oldest)
    } catch {
        if ($_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { $found = @() } else { throw }
    }
    return , @($found | Where-Object { @($_.Properties | Where-Object { [string]$_.Value -eq $Id }).Length -ne 0 })
}

# Until the firmware told how the boot ended, or the machine is off, or two minutes are over.
function Wait-Outcome($Vm, [datetime]$Since, [System.Diagnostics.Stopwatch]$Clock) {
    while ($Clock.Elapsed.TotalSeconds -lt 120) {
        if ([string](Hyper-V\Get-VM -Id $Vm.Id).State -eq 'Off') { return }
        foreach ($event in (Get-Events ([string]$Vm.Id) $Since)) { if ([int]$event.Id -gt 18600 -and [int]$event.Id -lt 18700) { return } }
        [System.Threading.Thread]::Sleep(250)
    }
}

function Show-Boot([string]$Kind) {
    $vm = New-Machine $Kind
    Send-Line ([ordered]@{ boot = $Kind; name = $vm.Name; id = $vm.Id; pipe = "\\.\pipe\$prefix-$Kind" })
    $null = $reader.ReadLine()
    $since = [datetime]::Now
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    Hyper-V\Start-VM -VM $vm
    $startMs = $clock.ElapsedMilliseconds
    Wait-Outcome $vm $since $clock
    $outcomeMs = $clock.ElapsedMilliseconds
    # The probe switches its machine off once it has said all.
    while ($Kind -eq 'booted' -and $clock.Elapsed.TotalSeconds -lt 120 -and [string](Hyper-V\Get-VM -Id $vm.Id).State -ne 'Off') { [System.Threading.Thread]::Sleep(250) }
    $state = [string](Hyper-V\Get-VM -Id $vm.Id).State
    if ($state -ne 'Off') { Hyper-V\Stop-VM -VM $vm -TurnOff -Force }
    $events = @(Get-Events ([string]$vm.Id) $since | ForEach-Object { $_ } | ForEach-Object { Get-EventFacts $_ })
    Send-Line ([ordered]@{ booted = $Kind; startMs = $startMs; outcomeMs = $outcomeMs; state = $state; events = $events })
    Hyper-V\Remove-VM -VM $vm -Force
}

function Get-EventFacts($Record) {
    return [ordered]@{
        id       = $Record.Id
        provider = $Record.ProviderName
        log      = $Record.LogName
        level    = [int]$Record.Level
        message  = [string]$Record.Message
        xml      = ([System.Diagnostics.Eventing.Reader.EventRecord]$Record).ToXml()
    }
}

try { foreach ($kind in @('booted', 'denied', 'failed', 'nothing')) { Show-Boot $kind } }
finally { Remove-Own }
