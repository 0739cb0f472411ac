# The power cord.
function Invoke-TurnOffVm($Arguments) {
    $vm = Get-Machine $Arguments.id
    if ([string]$vm.State -ne 'Off') { Hyper-V\Stop-VM -VM $vm -TurnOff -Force }
    return $true
}
