# What the scripts of this folder have in common; each has -Scripts, the adapter's own, and -Folder, for all files.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'
foreach ($part in @('json.ps1', 'host-identity.ps1', 'failure.ps1')) { . ([System.IO.Path]::Combine($Scripts, $part)) }

$output = [System.Console]::OpenStandardOutput()
$prefix = 'azl-vm-evidence-' + [guid]::NewGuid().ToString('N')

function Send-Line($Value) {
    [byte[]]$bytes = [System.Text.Encoding]::ASCII.GetBytes((ConvertTo-JsonLine $Value) + "`n")
    $output.Write($bytes, 0, $bytes.Length)
    $output.Flush()
}

function Get-Path([string]$Name) { return [System.IO.Path]::Combine($Folder, $Name) }

# Takes away what begins with $prefix, and nothing else.
function Remove-Own {
    foreach ($vm in @(Hyper-V\Get-VM | Where-Object { ([string]$_.Name).StartsWith($prefix) })) {
        if ([string]$vm.State -ne 'Off') { Hyper-V\Stop-VM -VM $vm -TurnOff -Force }
        Hyper-V\Remove-VM -VM $vm -Force
    }
    Hyper-V\Get-VMSwitch | Where-Object { ([string]$_.Name).StartsWith($prefix) } | ForEach-Object { Hyper-V\Remove-VMSwitch -VMSwitch $_ -Force }
}
