# Asks the guest and waits until it is off. Without -Force nothing is cut off, however long it takes.
function Invoke-ShutDownVm($Arguments) {
    $vm = Get-Machine $Arguments.id
    if ([string]$vm.State -eq 'Paused') { Hyper-V\Resume-VM -VM $vm }
    if ([string]$vm.State -ne 'Off') { Hyper-V\Stop-VM -VM $vm }
    return $true
}
