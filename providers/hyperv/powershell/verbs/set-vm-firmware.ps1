# Secure Boot with a template, or without where template is ''.
function Invoke-SetVmFirmware($Arguments) {
    $vm = Get-Machine $Arguments.id
    if ($Arguments.template -eq '') { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot Off }
    else { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot On -SecureBootTemplate $Arguments.template }
    return $true
}
