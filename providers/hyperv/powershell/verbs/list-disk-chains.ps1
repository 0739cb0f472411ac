# Which files the disks of machines lie on: of each disk as it is, and as a checkpoint holds it, its file and those below.
function Invoke-ListDiskChains($Arguments) {
    $machines = [System.Collections.ArrayList]::new()
    $parents = @{}
    foreach ($id in $Arguments.ids) {
        $vm = Find-Machine $id
        if ($null -eq $vm) { continue }
        $chains = [System.Collections.ArrayList]::new()
        foreach ($drive in $vm.HardDrives) { $null = $chains.Add((Get-DiskChain $drive.Path $parents)) }
        foreach ($checkpoint in @(Hyper-V\Get-VMSnapshot -VM $vm)) {
            foreach ($drive in $checkpoint.HardDrives) { $null = $chains.Add((Get-DiskChain $drive.Path $parents)) }
        }
        $null = $machines.Add([ordered]@{ id = $vm.Id; chains = $chains })
    }
    return [ordered]@{ machines = $machines }
}
