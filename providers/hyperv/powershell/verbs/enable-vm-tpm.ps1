# A TPM whose key stays on this host.
function Invoke-EnableVmTpm($Arguments) {
    $vm = Get-Machine $Arguments.id
    if (-not (Hyper-V\Get-VMSecurity -VM $vm).TpmEnabled) {
        Hyper-V\Set-VMKeyProtector -VM $vm -NewLocalKeyProtector
        Hyper-V\Enable-VMTPM -VM $vm
    }
    return $true
}
