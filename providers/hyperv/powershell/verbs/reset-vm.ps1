# The reset button. Windows Server 2016 has none: there it is the power cord, and on again.
function Invoke-ResetVm($Arguments) {
    $vm = Get-Machine $Arguments.id
    if ((Get-Command -Name Hyper-V\Restart-VM).Parameters.ContainsKey('Type')) {
        if ([string]$vm.State -eq 'Paused') { Hyper-V\Resume-VM -VM $vm }
        Hyper-V\Restart-VM -VM $vm -Type Reset -Force
    } else {
        Hyper-V\Stop-VM -VM $vm -TurnOff -Force
        Hyper-V\Start-VM -VM $vm
    }
    return $true
}
