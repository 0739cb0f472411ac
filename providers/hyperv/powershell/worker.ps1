# The one PowerShell process of a run: reads requests from standard input, one JSON line each, answers each with one
# JSON line on standard output, and ends with its input. Windows PowerShell 5.1 and PowerShell 7. Values never become
# code here: a verb is one function from a file of this folder, and gets its arguments as data.
$languageMode = [string]$ExecutionContext.SessionState.LanguageMode
if ($languageMode -ne 'FullLanguage') {
    # Nothing but literals and casts is sure to work here; the caller says what is to do.
    "{`"hello`":1,`"languageMode`":`"$languageMode`"}"
    exit 3
}
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'

$ascii = [System.Text.Encoding]::ASCII
$output = [System.Console]::OpenStandardOutput()
$reader = [System.IO.StreamReader]::new([System.Console]::OpenStandardInput(), $ascii)

foreach ($part in @('json.ps1', 'host-identity.ps1', 'failure.ps1', 'machine.ps1', 'networks.ps1', 'checkpoint.ps1', 'disk-file.ps1', 'frames.ps1', 'own-folder.ps1', 'recorder-folder.ps1')) {
    . ([System.IO.Path]::Combine($PSScriptRoot, $part))
}
# A verb is read when it is first asked for, because reading all of them takes as long as PowerShell's start.
$verbs = @{}

function Send-Line($Value) {
    [byte[]]$bytes = $ascii.GetBytes((ConvertTo-JsonLine $Value) + "`n")
    $output.Write($bytes, 0, $bytes.Length)
    $output.Flush()
}

function Get-Answer($Request) {
    if (-not $verbs.ContainsKey($Request.verb)) { throw ('no verb ' + $Request.verb) }
    $warnings = [System.Collections.ArrayList]::new()
    $values = [System.Collections.ArrayList]::new()
    foreach ($each in @(& $verbs[$Request.verb] $Request.arguments 3>&1)) {
        if ($each -is [System.Management.Automation.WarningRecord]) { $null = $warnings.Add($each.Message) }
        else { $null = $values.Add($each) }
    }
    # A cmdlet whose output nobody took would be mistaken for the answer.
    if ($values.Count -ne 1) { throw ($Request.verb + ' returned ' + [string]$values.Count + ' values instead of one') }
    return [ordered]@{ id = $Request.id; ok = $true; value = $values[0]; warnings = $warnings }
}

Send-Line (Get-HostIdentity $languageMode)
# The import is slow, and the caller has other things to do until its first request. A module that is not there, or does
# not load, is told by the verb that wants it.
try { Import-Module -Name Hyper-V -ErrorAction SilentlyContinue } catch { $null = $_ }
while ($null -ne ($line = $reader.ReadLine())) {
    $request = ConvertFrom-JsonLine $line
    try {
        $verb = [string]$request.verb
        if (-not $verbs.ContainsKey($verb) -and $verb -cmatch '^[a-z-]+$') {
            $file = [System.IO.Path]::Combine($PSScriptRoot, 'verbs', "$verb.ps1")
            if ([System.IO.File]::Exists($file)) {
                . $file
                $verbs[$verb] = 'Invoke-' + ($verb -replace '-')
            }
        }
        $answer = Get-Answer $request
    } catch {
        $answer = [ordered]@{ id = $request.id; ok = $false; error = Get-Failure $_ }
    }
    Send-Line $answer
}
