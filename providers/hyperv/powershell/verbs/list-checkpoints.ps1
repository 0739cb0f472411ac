# A machine's checkpoints; current is the one that its state came from, '' where there is none.
function Invoke-ListCheckpoints($Arguments) {
    $vm = Get-Machine $Arguments.id
    try {
        return [ordered]@{
            current     = $(if ($null -eq $vm.ParentSnapshotId) { '' } else { [string]$vm.ParentSnapshotId })
            checkpoints = @(Hyper-V\Get-VMSnapshot -VM $vm | ForEach-Object { Get-CheckpointFacts $_ })
        }
    } catch {
        # Removed while it was read, it is not there either.
        $null = Get-Machine $Arguments.id
        throw
    }
}
