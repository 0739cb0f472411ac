# What ssh starts on another computer: this text itself is on its command line (-EncodedCommand), and says in each line
# only what every login shell takes as it is. It reads from standard input which of our scripts to run, has them sent
# once where they are not there yet, and hands over. The comments are left out on the way.
$mode = [string]$ExecutionContext.SessionState.LanguageMode
if ($mode -ne 'FullLanguage') {
    "{`"hello`":1,`"languageMode`":`"$mode`"}"
    exit 3
}
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# A login shell that is PowerShell 7 hands down folders of its own modules, which 5.1 cannot load.
$env:PSModulePath = @(([string]$env:PSModulePath).Split(';') | Where-Object { $_ -notmatch '\\PowerShell\\' }) -join ';'
$from = [Console]::OpenStandardInput()
$to = [Console]::OpenStandardOutput()
$ascii = [Text.Encoding]::ASCII

# No reader: it would take more from the stream than the line, and the rest belongs to others.
function Read-Line {
    $line = [Text.StringBuilder]::new()
    while (($byte = $from.ReadByte()) -ne 10) {
        if ($byte -lt 0) { exit 4 }
        $null = $line.Append([char]$byte)
    }
    return $line.ToString()
}

function Send-Line([string]$Line) {
    [byte[]]$bytes = $ascii.GetBytes($Line + "`n")
    $to.Write($bytes, 0, $bytes.Length)
    $to.Flush()
}

# Digest of the scripts, their length, and which of them.
$digest, $length, $entry = ([string](Read-Line)).Split(' ')
if ($digest -notmatch '^[0-9a-f]{64}$' -or $entry -notmatch '^[a-z-]+$') { exit 5 }
$root = [IO.Path]::Combine([Environment]::GetFolderPath('UserProfile'), '.azl-vm', 'scripts')
$folder = [IO.Path]::Combine($root, $digest)
if (-not [IO.Directory]::Exists($folder)) {
    Send-Line 'azl-vm:send'
    $bytes = [byte[]]::new([int]$length)
    for ($at = 0; $at -lt $bytes.Length; $at += $count) {
        $count = $from.Read($bytes, $at, $bytes.Length - $at)
        if ($count -eq 0) { exit 4 }
    }
    $hash = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '')
    if ($hash -ne $digest) { exit 6 }
    # Name and text by turns.
    $part = $folder + '.' + [Guid]::NewGuid().ToString('n')
    $pieces = $ascii.GetString($bytes).Split([char]0)
    for ($at = 0; $at + 1 -lt $pieces.Length; $at += 2) {
        $file = [IO.Path]::Combine($part, $pieces[$at])
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($file))
        [IO.File]::WriteAllText($file, $pieces[$at + 1], $ascii)
    }
    try { [IO.Directory]::Move($part, $folder) }
    catch {
        # Another of ours was faster.
        [IO.Directory]::Delete($part, $true)
        if (-not [IO.Directory]::Exists($folder)) { throw }
    }
}
# gc takes those that nobody has begun with for long.
[IO.Directory]::SetLastWriteTimeUtc($folder, [DateTime]::UtcNow)
Send-Line 'azl-vm:ready'
. ([IO.Path]::Combine($folder, $entry + '.ps1'))
