# What the host offers: its folders and limits.
function Invoke-GetHost($Arguments) {
    $vmHost = Hyper-V\Get-VMHost
    $windows = Get-CimInstance -ClassName Win32_OperatingSystem
    return [ordered]@{
        name                = [System.Environment]::MachineName
        isServer            = $windows.ProductType -ne 1
        memoryBytes         = $vmHost.MemoryCapacity
        logicalProcessors   = $vmHost.LogicalProcessorCount
        machinePath         = $vmHost.VirtualMachinePath
        secureBootTemplates = @($vmHost.SecureBootTemplates | ForEach-Object { $_.Name })
    }
}
