# Hyper-V's word for a machine's state; '' where there is no such machine.
function Invoke-GetVmState($Arguments) {
    $vm = Find-Machine $Arguments.id
    return [ordered]@{ state = $(if ($null -eq $vm) { '' } else { [string]$vm.State }) }
}
