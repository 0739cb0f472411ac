function Invoke-RenameCheckpoint($Arguments) {
    $checkpoint = Get-Checkpoint (Get-Machine $Arguments.id) $Arguments.checkpointId
    Hyper-V\Rename-VMSnapshot -VMSnapshot $checkpoint -NewName $Arguments.name
    return $true
}
