# Checkpoints of a machine by their own ids: names are wildcards to Hyper-V's cmdlets and may be there twice.

function Get-Checkpoint($Vm, [guid]$Id) {
    foreach ($checkpoint in @(Hyper-V\Get-VMSnapshot -VM $Vm)) { if ($checkpoint.Id -eq $Id) { return $checkpoint } }
    $exception = [System.Exception]::new("there is no checkpoint with the id $Id")
    throw [System.Management.Automation.ErrorRecord]::new($exception, 'AzlVmCheckpointNotFound', 'ObjectNotFound', $Id)
}

# state is the machine's when it was taken: Off is without memory.
function Get-CheckpointFacts($Checkpoint) {
    $disks = @($Checkpoint.HardDrives | ForEach-Object { [string]$_.Path })
    $bytes = [long]$Checkpoint.SizeOfSystemFiles
    foreach ($disk in $disks) { if ([System.IO.File]::Exists($disk)) { $bytes += [System.IO.FileInfo]::new($disk).Length } }
    return [ordered]@{
        id        = $Checkpoint.Id
        name      = $Checkpoint.Name
        created   = $Checkpoint.CreationTime
        state     = $Checkpoint.State
        parent    = $(if ($null -eq $Checkpoint.ParentSnapshotId) { '' } else { [string]$Checkpoint.ParentSnapshotId })
        disks     = $disks
        sizeBytes = $bytes
    }
}
