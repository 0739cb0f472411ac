# What Hyper-V's own logs say of a machine since a time, oldest first. By its id: an event's message is translated.
function Invoke-GetVmEvents($Arguments) {
    $id = [string][guid]$Arguments.id
    $logs = @('Microsoft-Windows-Hyper-V-Worker-Admin', 'Microsoft-Windows-Hyper-V-VMMS-Admin')
    $since = [datetime]::Parse($Arguments.since, [System.Globalization.CultureInfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind)
    try {
        $found = @(Get-WinEvent -FilterHashtable @{ LogName = $logs; StartTime = $since.ToLocalTime() } -Oldest)
    } catch {
        if ($_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { $found = @() } else { throw }
    }
    $own = @($found | Where-Object { @($_.Properties | Where-Object { [string]$_.Value -eq $id }).Length -ne 0 })
    return [ordered]@{ events = @($own | ForEach-Object { Get-EventFacts $_ }) }
}

function Get-EventFacts($Record) {
    return [ordered]@{
        at       = $Record.TimeCreated
        provider = $Record.ProviderName
        id       = $Record.Id
        level    = [int]$Record.Level
        record   = [long]$Record.RecordId
        message  = [string]$Record.Message
    }
}
