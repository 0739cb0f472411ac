# What the host offers: its folders and limits.
function Invoke-GetHost($Arguments) {
    $vmHost = Hyper-V\Get-VMHost
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    return [ordered]@{
        name                = [System.Environment]::MachineName
        hypervisorPresent   = [bool]$system.HypervisorPresent
        memoryBytes         = $vmHost.MemoryCapacity
        logicalProcessors   = $vmHost.LogicalProcessorCount
        machinePath         = $vmHost.VirtualMachinePath
        secureBootTemplates = @(foreach ($template in $vmHost.SecureBootTemplates) { $template.Name })
    }
}
