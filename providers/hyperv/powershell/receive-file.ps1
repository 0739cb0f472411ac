# Takes one medium from standard input into the user's folder for media, where Hyper-V's service can read it. One JSON
# line says its digest and size; the answer says that it is there already, or that its bytes may come. The file gets
# its name only when it is whole, so that what was cut off never counts.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
foreach ($part in @('json.ps1', 'failure.ps1', 'stream-line.ps1', 'own-folder.ps1')) {
    . ([System.IO.Path]::Combine($PSScriptRoot, $part))
}

function Remove-Abandoned([string]$Folder) {
    foreach ($file in [System.IO.Directory]::GetFiles($Folder, '*.part')) {
        if ([System.IO.File]::GetLastWriteTimeUtc($file) -gt [datetime]::UtcNow.AddHours(-1)) { continue }
        try { [System.IO.File]::Delete($file) } catch [System.IO.IOException] { continue }
    }
}

# -1 where Windows does not say, as for a home on a share.
function Get-FreeBytes([string]$Folder) {
    try { return [System.IO.DriveInfo]::new($Folder).AvailableFreeSpace } catch { return [long]-1 }
}

# The SHA-256 of what came, as hex digits; less than all of it is no digest.
function Receive-Bytes([string]$File, [long]$Size) {
    [System.IO.Stream]$from = $standardInput
    $target = [System.IO.FileStream]::new($File, [System.IO.FileMode]::CreateNew)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    $buffer = [byte[]]::new(1048576)
    try {
        for ($left = $Size; $left -gt 0; $left -= $count) {
            $count = $from.Read($buffer, 0, [int][System.Math]::Min($left, $buffer.Length))
            if ($count -eq 0) { return '' }
            $target.Write($buffer, 0, $count)
            $null = $hash.TransformBlock($buffer, 0, $count, $null, 0)
        }
        $null = $hash.TransformFinalBlock($buffer, 0, 0)
        $target.Flush($true)
    } finally { $target.Dispose() }
    return [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
}

function Receive-File($Request) {
    if ($Request.sha256 -notmatch '^[0-9a-f]{64}$') { throw 'no digest' }
    $folder = Get-OwnFolder 'media'
    $null = [System.IO.Directory]::CreateDirectory($folder)
    $file = [System.IO.Path]::Combine($folder, $Request.sha256 + '.iso')
    if ([System.IO.File]::Exists($file) -and [System.IO.FileInfo]::new($file).Length -eq $Request.sizeBytes) {
        Send-StreamLine ([ordered]@{ is = 'there'; path = $file })
        return
    }
    Remove-Abandoned $folder
    $free = Get-FreeBytes $folder
    if ($free -ge 0 -and $free -lt $Request.sizeBytes) {
        Send-StreamLine ([ordered]@{ is = 'no-space'; path = $folder; freeBytes = $free })
        return
    }
    Send-StreamLine ([ordered]@{ is = 'wanted'; path = $file })
    $part = [System.IO.Path]::Combine($folder, $Request.sha256 + '.' + [System.Guid]::NewGuid().ToString('n') + '.part')
    $is = 'different'
    try {
        $digest = Receive-Bytes $part $Request.sizeBytes
        if ($digest -eq $Request.sha256) {
            [System.IO.File]::Delete($file)
            try { [System.IO.File]::Move($part, $file) }
            catch [System.IO.IOException] {
                # Another of ours was faster.
                if (-not [System.IO.File]::Exists($file)) { throw }
            }
            $is = 'received'
        }
    } finally { [System.IO.File]::Delete($part) }
    # Who reads this ends the connection, and us with it.
    Send-StreamLine ([ordered]@{ is = $is; path = $file })
}

$line = Read-StreamLine
if ($null -ne $line) {
    try { Receive-File (ConvertFrom-JsonLine $line) }
    catch { Send-StreamLine ([ordered]@{ is = 'failed'; error = Get-Failure $_ }) }
}
