# A switch of one machine, which leads nowhere else; one of this name that is there already is taken.
function Invoke-NewPrivateSwitch($Arguments) {
    foreach ($switch in @(Hyper-V\Get-VMSwitch)) {
        if ($switch.Name -eq $Arguments.name) { return [ordered]@{ id = $switch.Id } }
    }
    $made = Hyper-V\New-VMSwitch -Name $Arguments.name -SwitchType Private -Notes $Arguments.notes
    return [ordered]@{ id = $made.Id }
}
