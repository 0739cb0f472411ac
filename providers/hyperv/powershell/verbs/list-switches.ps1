function Invoke-ListSwitches($Arguments) {
    return [ordered]@{
        switches = @(Hyper-V\Get-VMSwitch | ForEach-Object {
                [ordered]@{ id = $_.Id; name = $_.Name; type = $_.SwitchType; notes = [string]$_.Notes }
            })
    }
}
