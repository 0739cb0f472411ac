# Deletes scripts of azl-vm, but for those of one digest, that no session has begun with for so many days; returns their
# folders. What a session was cut off at sending is among them.
function Invoke-RemoveOldScripts($Arguments) {
    $removed = [System.Collections.ArrayList]::new()
    $root = Get-OwnFolder 'scripts'
    if (-not [System.IO.Directory]::Exists($root)) { return [ordered]@{ removed = $removed } }
    $since = [datetime]::UtcNow.AddDays(-$Arguments.days)
    foreach ($folder in [System.IO.Directory]::GetDirectories($root)) {
        if ([System.IO.Path]::GetFileName($folder) -eq $Arguments.keep) { continue }
        if ([System.IO.Directory]::GetLastWriteTimeUtc($folder) -ge $since) { continue }
        # One of which a file is held goes another time.
        try { [System.IO.Directory]::Delete($folder, $true) } catch [System.IO.IOException] { continue }
        $null = $removed.Add($folder)
    }
    return [ordered]@{ removed = $removed }
}
