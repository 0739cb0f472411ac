# The host's switches, and what decides about NAT where it has no Default Switch; freePrefix '' where none of them is free.
function Invoke-GetNetworks($Arguments) {
    $switches = @(Get-Switches)
    $answer = [ordered]@{ switches = $switches; nats = @(); hns = @(); freePrefix = '' }
    foreach ($switch in $switches) { if ([string]$switch.id -eq $Arguments.defaultSwitch) { return $answer } }
    $answer['nats'] = @(Get-NatNetworks)
    $answer['hns'] = @(Get-HnsNetworks)
    $answer['freePrefix'] = Get-FreePrefix $Arguments.prefixes
    return $answer
}
