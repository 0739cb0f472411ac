# Removes a switch by its exact name; false where there is none.
function Invoke-RemoveSwitch($Arguments) {
    foreach ($switch in @(Hyper-V\Get-VMSwitch)) {
        if ($switch.Name -ne $Arguments.name) { continue }
        Hyper-V\Remove-VMSwitch -VMSwitch $switch -Force
        return $true
    }
    return $false
}
