# What lists answer with the rights of this process: how many, or why not. With -Out the lines go to that file, which is
# there once they are whole: who starts this with fewer rights has no way to its output. Windows PowerShell 5.1.
param([string]$Scripts, [string]$Folder, [string]$Iso, [string]$Out)
. ([System.IO.Path]::Combine($PSScriptRoot, 'lines.ps1'))

if ($Out) { $output = [System.IO.File]::Create("$Out.part") }
Send-Line (Get-HostIdentity ([string]$ExecutionContext.SessionState.LanguageMode))

function Show-List([string]$List, [scriptblock]$Block) {
    try { Send-Line ([ordered]@{ list = $List; seen = [string]@(& $Block).Length }) }
    catch {
        $failure = Get-Failure $_
        Send-Line ([ordered]@{ list = $List; seen = @(([string]$failure['errorId']).Split([char]44))[0]; error = $failure })
    }
}

Show-List 'Get-VM' { Hyper-V\Get-VM }
Show-List 'Get-VMSwitch' { Hyper-V\Get-VMSwitch }
Show-List 'Get-VMHost' { Hyper-V\Get-VMHost }
if ($Out) {
    $output.Dispose()
    [System.IO.File]::Move("$Out.part", $Out)
}
