# Holds the machine's state, with its memory where it is on; it goes on with new disks over those that are held.
function Invoke-CheckpointVm($Arguments) {
    $made = Hyper-V\Checkpoint-VM -VM (Get-Machine $Arguments.id) -SnapshotName $Arguments.name -Passthru
    return Get-CheckpointFacts $made
}
