function Invoke-StartVm($Arguments) {
    $vm = Get-Machine $Arguments.id
    if ([string]$vm.State -eq 'Paused') { Hyper-V\Resume-VM -VM $vm }
    elseif ([string]$vm.State -ne 'Running') { Hyper-V\Start-VM -VM $vm }
    return $true
}
