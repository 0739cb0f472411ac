# How long Hyper-V merges a removed checkpoint's disk, and holds a disk after Remove-VM. All of it is named $prefix, lies
# in $Folder and goes. Windows PowerShell 5.1.
param([string]$Scripts, [string]$Folder, [string]$Iso)
. ([System.IO.Path]::Combine($PSScriptRoot, 'lines.ps1'))

# Milliseconds until $IsDone says so; -1 where it does not within a minute.
function Measure-Wait([scriptblock]$IsDone) {
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not (& $IsDone)) {
        if ($clock.Elapsed.TotalSeconds -gt 60) { return -1 }
        [System.Threading.Thread]::Sleep(20)
    }
    return $clock.ElapsedMilliseconds
}

function Test-Free([string]$Path) {
    try {
        $file = [System.IO.File]::Open($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::None)
        $file.Dispose()
        return $true
    } catch [System.IO.IOException] {
        return $false
    }
}

function Show-Times {
    $vm = Hyper-V\New-VM -Name "$prefix-t" -Generation 2 -NoVHD -Path $Folder
    $disk = Get-Path 't.vhdx'
    $null = Hyper-V\New-VHD -Path $disk -SizeBytes 1073741824 -Dynamic
    Hyper-V\Add-VMHardDiskDrive -VM $vm -Path $disk
    Hyper-V\Set-VM -VM $vm -CheckpointType Standard
    Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s
    Hyper-V\Remove-VMSnapshot -VMName $vm.Name -Name s
    Send-Line ([ordered]@{ time = 'merge'; ms = Measure-Wait { [string]@(Hyper-V\Get-VMHardDiskDrive -VM $vm)[0].Path -eq $disk -and [System.IO.Directory]::GetFiles($Folder, '*.avhdx').Length -eq 0 } })
    Hyper-V\Checkpoint-VM -VM $vm -SnapshotName s
    Hyper-V\Remove-VM -VM $vm -Force
    Send-Line ([ordered]@{ time = 'lock'; ms = Measure-Wait { [System.IO.Directory]::GetFiles($Folder, '*.avhdx').Length -eq 0 -and (Test-Free $disk) } })
}

try { Show-Times }
finally { Remove-Own }
