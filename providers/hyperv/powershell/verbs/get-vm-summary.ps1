# What tells a machine from others, its state and its serial port: one question, where get-vm asks five. machine is null
# where there is none.
function Invoke-GetVmSummary($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return [ordered]@{ machine = $null } }
    $machine = Get-MachineSummary $vm
    $machine['com1'] = [string]$vm.ComPort1.Path
    return [ordered]@{ machine = $machine }
}
