# Removes the machine and its checkpoints from Hyper-V. Disks stay, and Hyper-V may hold them for a while: it merges.
function Invoke-RemoveVm($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return $false }
    if ([string]$vm.State -ne 'Off') { Hyper-V\Stop-VM -VM $vm -TurnOff -Force }
    Hyper-V\Remove-VM -VM $vm -Force
    return $true
}
