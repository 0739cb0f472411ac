# Joins its standard streams to a local pipe of this computer, until either ends. One JSON line names the pipe; the
# answer says whether it was reached.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
foreach ($part in @('json.ps1', 'stream-line.ps1')) {
    . ([System.IO.Path]::Combine($PSScriptRoot, $part))
}

$line = Read-StreamLine
if ($null -eq $line) { exit 0 }
$request = ConvertFrom-JsonLine $line
$pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', $request.pipe, [System.IO.Pipes.PipeDirection]::InOut,
    [System.IO.Pipes.PipeOptions]::Asynchronous)
try { $pipe.Connect($request.timeoutMs) }
catch {
    Send-StreamLine ([ordered]@{ isConnected = $false; why = $_.Exception.Message })
    exit 0
}
Send-StreamLine ([ordered]@{ isConnected = $true; why = '' })
[System.IO.Stream]$from = $standardInput
$both = [System.Threading.Tasks.Task[]]@($pipe.CopyToAsync($standardOutput), $from.CopyToAsync($pipe))
$null = [System.Threading.Tasks.Task]::WaitAny($both)
# The other direction waits in a read that nothing ends.
exit 0
