# Gives one file of this host on standard output. One JSON line names it; the answer says how long it is, then come its
# bytes, then a line with their digest.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
foreach ($part in @('json.ps1', 'failure.ps1', 'stream-line.ps1')) {
    . ([System.IO.Path]::Combine($PSScriptRoot, $part))
}

# The SHA-256 of what went, as hex digits.
function Send-Bytes([System.IO.FileStream]$File, [long]$Size) {
    [System.IO.Stream]$to = $standardOutput
    $hash = [System.Security.Cryptography.SHA256]::Create()
    $buffer = [byte[]]::new(1048576)
    for ($left = $Size; $left -gt 0; $left -= $count) {
        $count = $File.Read($buffer, 0, [int][System.Math]::Min($left, $buffer.Length))
        if ($count -eq 0) { throw 'the file is shorter than it was' }
        $to.Write($buffer, 0, $count)
        $null = $hash.TransformBlock($buffer, 0, $count, $null, 0)
    }
    $null = $hash.TransformFinalBlock($buffer, 0, 0)
    $to.Flush()
    return [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
}

function Send-File($Request) {
    # Nobody writes to it meanwhile.
    $file = [System.IO.FileStream]::new($Request.path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read)
    try {
        $size = $file.Length
        Send-StreamLine ([ordered]@{ is = 'coming'; sizeBytes = $size })
        $digest = Send-Bytes $file $size
        Send-StreamLine ([ordered]@{ is = 'sent'; sha256 = $digest })
    } finally { $file.Dispose() }
}

$line = Read-StreamLine
if ($null -ne $line) {
    try { Send-File (ConvertFrom-JsonLine $line) }
    catch { Send-StreamLine ([ordered]@{ is = 'failed'; error = Get-Failure $_ }) }
}
