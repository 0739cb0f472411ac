# Which files the disks of machines lie on: of each disk as it is, and as a checkpoint holds it, its file and those below.
function Invoke-ListDiskChains($Arguments) {
    $machines = [System.Collections.ArrayList]::new()
    $parents = @{}
    foreach ($id in $Arguments.ids) {
        $vm = Find-Machine $id
        if ($null -eq $vm) { continue }
        try {
            $chains = Get-MachineChains $vm $parents
            $null = $machines.Add([ordered]@{ id = $vm.Id; chains = $chains })
        } catch {
            # Removed while it was read, it has no disks.
            if ($null -ne (Find-Machine $id)) { throw }
        }
    }
    return [ordered]@{ machines = $machines }
}

function Get-MachineChains($Vm, [hashtable]$Parents) {
    $chains = [System.Collections.ArrayList]::new()
    foreach ($drive in $Vm.HardDrives) { $null = $chains.Add((Get-DiskChain $drive.Path $Parents)) }
    foreach ($checkpoint in @(Hyper-V\Get-VMSnapshot -VM $Vm)) {
        foreach ($drive in $checkpoint.HardDrives) { $null = $chains.Add((Get-DiskChain $drive.Path $Parents)) }
    }
    return , $chains
}
