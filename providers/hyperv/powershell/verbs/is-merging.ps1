# Whether Hyper-V still brings disks of removed checkpoints together.
function Invoke-IsMerging($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return $false }
    foreach ($status in $vm.OperationalStatus) {
        if ([string]$status -eq 'MergingDisks' -or [string]$status -eq 'DeletingSnapshot') { return $true }
    }
    return $false
}
