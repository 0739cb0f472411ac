# Removes one checkpoint. Its disks are merged afterwards, which Hyper-V does by itself and says in the machine's status.
function Invoke-RemoveCheckpoint($Arguments) {
    $checkpoint = Get-Checkpoint (Get-Machine $Arguments.id) $Arguments.checkpointId
    foreach ($drive in $checkpoint.HardDrives) { Remove-DiskLinks $drive.Path }
    Hyper-V\Remove-VMSnapshot -VMSnapshot $checkpoint
    return $true
}
