# Listens to the serial port of one machine for as long as it runs, on a host that is another computer: begun outside
# the session of sshd, because nobody else is there when the connection ends. What it hears goes into a file first, then
# to the one client that holds the port. It ends when the port has been absent for a while and no client waits: for so
# long that whoever was told of it comes through a relay, whose start takes PowerShell many seconds on a busy host.
# The same promises and frames as src/recorder/recorder.ts, which does it where azl-vm itself runs on the host.
param([string]$MachineId, [string]$PipeName, [int]$AbsentMs = 60000, [long]$SegmentBytes = 4194304)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
foreach ($part in @('json.ps1', 'frames.ps1', 'own-folder.ps1', 'recorder-folder.ps1', 'recorder-log.ps1')) {
    . ([System.IO.Path]::Combine($PSScriptRoot, $part))
}

# A client that reads nothing: what is beyond this is left out for it. Bytes.
$mostWaiting = 8388608
$files = Get-RecorderFolder $MachineId
$null = [System.IO.Directory]::CreateDirectory($files.Folder)
$state = @{
    Port        = $null
    PortRead    = $null
    PortBuffer  = [byte[]]::new(65536)
    PortState   = 'absent'
    Connections = 0
    EveryMs     = 20
    Holder      = $null
    Clients     = [System.Collections.ArrayList]::new()
    AbsentSince = [datetime]::UtcNow
    IsEnding    = $false
    Unwritten   = [long]0
}
$token = [System.BitConverter]::ToString([System.Guid]::NewGuid().ToByteArray() + [System.Guid]::NewGuid().ToByteArray())
$address = 'azl-vm-recorder-' + [System.Guid]::NewGuid().ToString('n')
$log = Open-RecorderLog $files.Folder $SegmentBytes

function Add-Event([string]$Name, [long]$Bytes) {
    $at = [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [System.Globalization.CultureInfo]::InvariantCulture)
    $line = ConvertTo-JsonLine ([ordered]@{ at = $at; event = $Name; bytes = $Bytes })
    # The port is what counts; whoever reads the log sees the events that there are.
    try { [System.IO.File]::AppendAllText($files.events, $line + "`n") } catch [System.IO.IOException] { return }
}

# A full disk stops neither the guest nor those who listen: what could not be written is counted and noted.
function Add-Heard([byte[]]$Bytes) {
    try {
        Add-ToLog $log $Bytes
        if ($state.Unwritten -gt 0) { Add-Event 'unwritten' $state.Unwritten }
        $state.Unwritten = [long]0
    } catch [System.IO.IOException] { $state.Unwritten += $Bytes.Length }
}

function New-Server {
    return [System.IO.Pipes.NamedPipeServerStream]::new($address, [System.IO.Pipes.PipeDirection]::InOut, -1,
        [System.IO.Pipes.PipeTransmissionMode]::Byte, [System.IO.Pipes.PipeOptions]::Asynchronous)
}

function Send-Frame($Client, [byte[]]$Bytes) {
    [System.Collections.Generic.Queue[byte[]]]$queue = $Client.Queue
    $queue.Enqueue($Bytes)
    $Client.Waiting += $Bytes.Length
    Continue-Sending $Client
}

function Continue-Sending($Client) {
    if ($null -ne $Client.Write) {
        if (-not $Client.Write.IsCompleted) { return }
        if ($Client.Write.IsFaulted) { Remove-Client $Client; return }
        $Client.Write = $null
    }
    [System.Collections.Generic.Queue[byte[]]]$queue = $Client.Queue
    if ($queue.Count -eq 0) { return }
    [byte[]]$bytes = $queue.Dequeue()
    $Client.Waiting -= $bytes.Length
    [System.IO.Pipes.PipeStream]$pipe = $Client.Pipe
    try { $Client.Write = $pipe.WriteAsync($bytes, 0, $bytes.Length) } catch { Remove-Client $Client }
}

function Send-Data($Client, [byte[]]$Bytes) {
    if ($Client.Waiting -gt $mostWaiting) {
        $Client.LeftOut += $Bytes.Length
        return
    }
    if ($Client.LeftOut -gt 0) {
        $text = "`r`n[azl-vm: " + [string]$Client.LeftOut + " bytes left out, nobody read them]`r`n"
        $Client.LeftOut = 0
        Send-Frame $Client (ConvertTo-Frame 'd' ([System.Text.Encoding]::ASCII.GetBytes($text)))
    }
    Send-Frame $Client (ConvertTo-Frame 'd' $Bytes)
}

function Remove-Client($Client) {
    $state.Clients.Remove($Client)
    if ($state.Holder -eq $Client) { $state.Holder = $null }
    [System.IO.Pipes.PipeStream]$pipe = $Client.Pipe
    $pipe.Dispose()
}

function Get-PortReport {
    return , (ConvertTo-JsonFrame 'p' ([ordered]@{ state = $state.PortState; connections = $state.Connections }))
}

function Set-PortState([string]$Next) {
    if ($Next -eq $state.PortState -and $Next -ne 'connected') { return }
    $before = $state.PortState
    $state.PortState = $Next
    if ($Next -eq 'connected' -or $Next -eq 'denied') { Add-Event $Next (Get-LogLength $log) }
    elseif ($before -eq 'connected') { Add-Event 'lost' (Get-LogLength $log) }
    foreach ($client in $state.Clients.ToArray()) { if ($client.IsKnown) { Send-Frame $client (Get-PortReport) } }
}

function Connect-Port {
    $pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', $PipeName,
        [System.IO.Pipes.PipeDirection]::InOut, [System.IO.Pipes.PipeOptions]::Asynchronous)
    try { $pipe.Connect(1) }
    catch {
        # Absent and busy are waits: TimeoutException, or IOException (121).
        $pipe.Dispose()
        if ($_.Exception.GetBaseException() -is [System.UnauthorizedAccessException]) { Set-PortState 'denied' }
        return
    }
    $state.Port = $pipe
    $state.Connections += 1
    $state.EveryMs = 100
    $state.PortRead = $pipe.ReadAsync($state.PortBuffer, 0, $state.PortBuffer.Length)
    Set-PortState 'connected'
}

function Read-Port {
    [System.IO.Pipes.PipeStream]$port = $state.Port
    $count = $(if ($state.PortRead.IsFaulted) { 0 } else { $state.PortRead.Result })
    if ($count -gt 0) {
        $bytes = [byte[]]::new($count)
        [System.Buffer]::BlockCopy($state.PortBuffer, 0, $bytes, 0, $count)
        Add-Heard $bytes
        if ($null -ne $state.Holder) { Send-Data $state.Holder $bytes }
        $state.PortRead = $port.ReadAsync($state.PortBuffer, 0, $state.PortBuffer.Length)
        return
    }
    $port.Dispose()
    $state.Port = $null
    $state.PortRead = $null
    $state.AbsentSince = [datetime]::UtcNow
    Set-PortState 'absent'
}

function Add-Client([System.IO.Pipes.PipeStream]$Pipe) {
    $client = @{
        Pipe = $Pipe; Buffer = [byte[]]::new(65536); Read = $null; Rest = [byte[]]::new(0); IsKnown = $false
        Queue = [System.Collections.Generic.Queue[byte[]]]::new(); Write = $null; Waiting = 0; LeftOut = [long]0
    }
    $null = $state.Clients.Add($client)
    $client.Read = $Pipe.ReadAsync($client.Buffer, 0, $client.Buffer.Length)
}

function Read-Client($Client) {
    $count = $(if ($Client.Read.IsFaulted) { 0 } else { $Client.Read.Result })
    if ($count -eq 0) {
        Remove-Client $Client
        return
    }
    [byte[]]$before = $Client.Rest
    $rest = [byte[]]::new($before.Length + $count)
    [System.Buffer]::BlockCopy($before, 0, $rest, 0, $before.Length)
    [System.Buffer]::BlockCopy($Client.Buffer, 0, $rest, $before.Length, $count)
    $Client.Rest = $rest
    $frames = Read-Frames $Client
    if ($null -eq $frames) {
        Remove-Client $Client
        return
    }
    foreach ($frame in $frames) {
        if (-not $state.Clients.Contains($Client)) { return }
        Receive-Frame $Client $frame
    }
    if (-not $state.Clients.Contains($Client)) { return }
    [byte[]]$buffer = $Client.Buffer
    [System.IO.Pipes.PipeStream]$pipe = $Client.Pipe
    $Client.Read = $pipe.ReadAsync($buffer, 0, $buffer.Length)
}

function Get-FrameJson($Frame) {
    return ConvertFrom-JsonLine ([System.Text.Encoding]::UTF8.GetString($Frame.Content))
}

function Receive-Frame($Client, $Frame) {
    if (-not $Client.IsKnown) {
        # Everybody may open a pipe: who does not know the token hears nothing.
        if ($Frame.Kind -cne 'h' -or (Get-FrameJson $Frame).token -cne $token) {
            Remove-Client $Client
            return
        }
        $Client.IsKnown = $true
        # Whoever only looked whether somebody answers tells another to come.
        $state.AbsentSince = [datetime]::UtcNow
        Send-Frame $Client (ConvertTo-JsonFrame 'a' @{ isGranted = $true })
        Send-Frame $Client (Get-PortReport)
        return
    }
    switch -CaseSensitive ($Frame.Kind) {
        'o' { Set-Holder $Client (Get-FrameJson $Frame).force }
        'i' { Send-ToGuest $Frame.Content }
        's' {
            $state.EveryMs = 20
            Add-Event 'start' (Get-LogLength $log)
            Send-Frame $Client (ConvertTo-JsonFrame 'a' @{ isGranted = $true })
        }
        'e' { $state.IsEnding = $true }
        default { Remove-Client $Client }
    }
}

# What a port that just went away was told is lost, as with any serial line.
function Send-ToGuest([byte[]]$Bytes) {
    [System.IO.Pipes.PipeStream]$port = $state.Port
    if ($null -eq $port) { return }
    try { $port.Write($Bytes, 0, $Bytes.Length) } catch { return }
}

function Set-Holder($Client, [bool]$Force) {
    $before = $state.Holder
    $isGranted = $null -eq $before -or $before -eq $Client -or $Force
    if ($isGranted) {
        if ($null -ne $before -and $before -ne $Client) { Send-Frame $before (ConvertTo-Frame 't' ([byte[]]::new(0))) }
        $state.Holder = $Client
    }
    Send-Frame $Client (ConvertTo-JsonFrame 'a' @{ isGranted = $isGranted })
}

# How long nothing may happen before the port is looked for again, or its absence is judged. Milliseconds.
function Get-WaitMs {
    if ($null -eq $state.Port) { return $state.EveryMs }
    return 60000
}

function Test-Idle {
    if ($null -ne $state.Port) { return $false }
    foreach ($client in $state.Clients) {
        if ($client.IsKnown) {
            $state.AbsentSince = [datetime]::UtcNow
            return $false
        }
    }
    return ([datetime]::UtcNow - $state.AbsentSince).TotalMilliseconds -gt $AbsentMs
}

[System.IO.Pipes.NamedPipeServerStream]$server = New-Server
$accept = $server.WaitForConnectionAsync()
Add-Event 'listening' (Get-LogLength $log)
$note = ConvertTo-JsonLine ([ordered]@{ pid = [System.Diagnostics.Process]::GetCurrentProcess().Id; address = $address; token = $token })
[System.IO.File]::WriteAllText($files.Note + '.new', $note)
[System.IO.File]::Delete($files.Note)
[System.IO.File]::Move($files.Note + '.new', $files.Note)

while (-not $state.IsEnding -and -not (Test-Idle)) {
    if ($null -eq $state.Port) { Connect-Port }
    $tasks = [System.Collections.ArrayList]::new()
    $null = $tasks.Add($accept)
    if ($null -ne $state.PortRead) { $null = $tasks.Add($state.PortRead) }
    foreach ($client in $state.Clients) {
        $null = $tasks.Add($client.Read)
        if ($null -ne $client.Write) { $null = $tasks.Add($client.Write) }
    }
    $null = [System.Threading.Tasks.Task]::WaitAny([System.Threading.Tasks.Task[]]$tasks.ToArray(), (Get-WaitMs))
    # The guest first.
    if ($null -ne $state.PortRead -and $state.PortRead.IsCompleted) { Read-Port }
    foreach ($client in $state.Clients.ToArray()) {
        Continue-Sending $client
        if ($client.Read.IsCompleted -and $state.Clients.Contains($client)) { Read-Client $client }
    }
    if ($accept.IsCompleted) {
        Add-Client $server
        $server = New-Server
        $accept = $server.WaitForConnectionAsync()
    }
}
# First the note: nobody new comes, and whoever finds none begins another recorder.
[System.IO.File]::Delete($files.Note)
Add-Event 'ended' (Get-LogLength $log)
[System.IO.FileStream]$segment = $log.Stream
$segment.Dispose()
foreach ($client in $state.Clients) {
    [System.IO.Pipes.PipeStream]$pipe = $client.Pipe
    $pipe.Dispose()
}
exit 0
