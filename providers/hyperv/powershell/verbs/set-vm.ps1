# Static memory, processors, COM1, Secure Boot with a template or without where template is '', a TPM where asked; and no
# checkpoint, start or saved state that nobody asked for.
function Invoke-SetVm($Arguments) {
    $vm = Get-OffMachine $Arguments.id
    Hyper-V\Set-VM -VM $vm -StaticMemory -MemoryStartupBytes $Arguments.memoryBytes -ProcessorCount $Arguments.processors -CheckpointType Standard -AutomaticStartAction Nothing -AutomaticStopAction ShutDown
    # Windows Server 2016 has no automatic checkpoints, and no such parameter.
    if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {
        Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false
    }
    Hyper-V\Set-VMProcessor -VM $vm -ExposeVirtualizationExtensions $Arguments.nested
    Hyper-V\Set-VMComPort -VM $vm -Number 1 -Path $Arguments.com1
    if ($Arguments.template -eq '') { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot Off }
    else { Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot On -SecureBootTemplate $Arguments.template }
    if ($Arguments.tpm) { Enable-Tpm $vm }
    return $true
}

# A TPM whose key stays on this host.
function Enable-Tpm($Vm) {
    if ((Hyper-V\Get-VMSecurity -VM $Vm).TpmEnabled) { return }
    Hyper-V\Set-VMKeyProtector -VM $Vm -NewLocalKeyProtector
    Hyper-V\Enable-VMTPM -VM $Vm
}
