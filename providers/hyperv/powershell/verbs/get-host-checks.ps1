# What this computer's state tells about why Hyper-V works or does not; asks Hyper-V itself nothing. What costs much is
# asked only where it decides something.
function Invoke-GetHostChecks($Arguments) {
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $windows = Get-CimInstance -ClassName Win32_OperatingSystem
    $hasModule = $null -ne (Get-Command -Name Hyper-V\Get-VMHost -ErrorAction SilentlyContinue)
    return [ordered]@{
        isServer             = $windows.ProductType -ne 1
        hasModule            = $hasModule
        featureState         = $(if ($hasModule) { 1 } else { Get-FeatureState })
        hypervisorPresent    = [bool]$system.HypervisorPresent
        isVirtualizationOff  = $(if ($system.HypervisorPresent) { $false } else { Test-VirtualizationOff })
        services             = @(Get-Services)
        memoryBytes          = [long]$windows.FreePhysicalMemory * 1024
        isVbsRunning         = Test-Vbs
        executionPolicies    = @(foreach ($each in @(Get-ExecutionPolicy -List)) {
                [ordered]@{ scope = [string]$each.Scope; policy = [string]$each.ExecutionPolicy }
            })
        sharingPolicy        = Get-RegistryText 'SOFTWARE\Policies\Microsoft\Windows\Network Connections' 'NC_ShowSharedAccessUI'
        bridgePolicy         = Get-RegistryText 'SOFTWARE\Policies\Microsoft\Windows\Network Connections' 'NC_AllowNetBridge_NLA'
        firewallPolicy       = Get-RegistryText 'SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' 'AllowLocalPolicyMerge'
    }
}

# 1 enabled, 2 disabled, 3 absent, 0 where Windows does not say. Unlike Get-WindowsOptionalFeature it needs no elevation.
function Get-FeatureState {
    $features = @(Get-CimInstance -ClassName Win32_OptionalFeature -Filter "Name='Microsoft-Hyper-V'")
    if ($features.Length -eq 0) { return 0 }
    return $features[0].InstallState
}

# Said of the processor only while no hypervisor runs.
function Test-VirtualizationOff {
    return -not @(Get-CimInstance -ClassName Win32_Processor)[0].VirtualizationFirmwareEnabled
}

function Get-Services {
    $filter = "Name='vmms' OR Name='SharedAccess' OR Name='ClusSvc' OR Name='WslService' OR Name='LxssManager'"
    foreach ($service in @(Get-CimInstance -ClassName Win32_Service -Filter $filter)) {
        [ordered]@{ name = $service.Name; state = [string]$service.State; startMode = [string]$service.StartMode }
    }
}

# The class is not on every Windows.
function Test-Vbs {
    $guards = @(Get-CimInstance -ClassName Win32_DeviceGuard -Namespace root\Microsoft\Windows\DeviceGuard -ErrorAction SilentlyContinue)
    return $guards.Length -gt 0 -and $guards[0].VirtualizationBasedSecurityStatus -eq 2
}
