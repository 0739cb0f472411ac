# What a start goes by: the machine as get-vm-summary has it, what its network cards are plugged in, and which switches
# there are. machine is null where there is none.
function Invoke-GetStartFacts($Arguments) {
    $vm = Find-Machine $Arguments.id
    if ($null -eq $vm) { return [ordered]@{ machine = $null } }
    $machine = Get-MachineSummary $vm
    $machine['com1'] = [string]$vm.ComPort1.Path
    $machine['cards'] = @(foreach ($adapter in $vm.NetworkAdapters) {
            [ordered]@{ mac = $adapter.MacAddress; switchId = [string]$adapter.SwitchId }
        })
    $machine['switches'] = @(Get-Switches)
    return [ordered]@{ machine = $machine }
}
