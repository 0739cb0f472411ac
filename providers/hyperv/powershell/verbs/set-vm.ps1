# Static memory, processors, COM1; and no checkpoint, start or saved state that nobody asked for.
function Invoke-SetVm($Arguments) {
    $vm = Get-Machine $Arguments.id
    Hyper-V\Set-VM -VM $vm -StaticMemory -MemoryStartupBytes $Arguments.memoryBytes -ProcessorCount $Arguments.processors -CheckpointType Standard -AutomaticStartAction Nothing -AutomaticStopAction ShutDown
    # Windows Server 2016 has no automatic checkpoints, and no such parameter.
    if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {
        Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false
    }
    Hyper-V\Set-VMProcessor -VM $vm -ExposeVirtualizationExtensions $Arguments.nested
    Hyper-V\Set-VMComPort -VM $vm -Number 1 -Path $Arguments.com1
    return $true
}
