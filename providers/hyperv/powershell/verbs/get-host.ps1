# What the host offers: its folders and limits, its switches, and whether the hypervisor runs.
function Invoke-GetHost($Arguments) {
    $vmHost = Hyper-V\Get-VMHost
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $windows = Get-CimInstance -ClassName Win32_OperatingSystem
    return [ordered]@{
        name                = [System.Environment]::MachineName
        hypervisorPresent   = [bool]$system.HypervisorPresent
        isServer            = $windows.ProductType -ne 1
        freeMemoryBytes     = [long]$windows.FreePhysicalMemory * 1024
        memoryBytes         = $vmHost.MemoryCapacity
        logicalProcessors   = $vmHost.LogicalProcessorCount
        machinePath         = $vmHost.VirtualMachinePath
        secureBootTemplates = @($vmHost.SecureBootTemplates | ForEach-Object { $_.Name })
        switches            = @(Hyper-V\Get-VMSwitch | ForEach-Object {
                [ordered]@{ id = $_.Id; name = $_.Name; type = $_.SwitchType; notes = [string]$_.Notes }
            })
    }
}
