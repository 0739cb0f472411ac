function Invoke-ListSwitches($Arguments) {
    return [ordered]@{ switches = @(Get-Switches) }
}
