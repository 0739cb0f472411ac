# The host's switches, and what decides about NAT where it has no Default Switch; freePrefix '' where none of them is free.
function Invoke-GetNetworks($Arguments) {
    $switches = @(Hyper-V\Get-VMSwitch | ForEach-Object {
            [ordered]@{ id = $_.Id; name = $_.Name; type = $_.SwitchType; notes = [string]$_.Notes }
        })
    $hasDefault = @($switches | Where-Object { [string]$_.id -eq $Arguments.defaultSwitch }).Length -gt 0
    $answer = [ordered]@{ switches = $switches; nats = @(); hns = @(); freePrefix = '' }
    if ($hasDefault) { return $answer }
    $answer['nats'] = @(Get-NatNetworks)
    $answer['hns'] = @(Get-HnsNetworks)
    $answer['freePrefix'] = Get-FreePrefix $Arguments.prefixes
    return $answer
}
