# What this computer's state tells about why Hyper-V works or does not; asks Hyper-V itself nothing. What costs much is
# asked only where it decides something. path is the folder for machines.
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
        executionPolicies    = @(Get-ExecutionPolicy -List | ForEach-Object {
                [ordered]@{ scope = [string]$_.Scope; policy = [string]$_.ExecutionPolicy }
            })
        sharingPolicy        = Get-RegistryText 'SOFTWARE\Policies\Microsoft\Windows\Network Connections' 'NC_ShowSharedAccessUI'
        bridgePolicy         = Get-RegistryText 'SOFTWARE\Policies\Microsoft\Windows\Network Connections' 'NC_AllowNetBridge_NLA'
        firewallPolicy       = Get-RegistryText 'SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' 'AllowLocalPolicyMerge'
        folder               = Get-FolderFacts $Arguments.path
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

# Of the folder, or of the nearest one above it that is there. A share or a cluster's volume may tell nothing: $null.
function Get-FolderFacts([string]$Path) {
    $folder = $Path
    while ($folder -ne '' -and -not [System.IO.Directory]::Exists($folder)) { $folder = [string][System.IO.Path]::GetDirectoryName($folder) }
    if ($folder -eq '') { return $null }
    $volumes = @(Storage\Get-Volume -FilePath $folder -ErrorAction SilentlyContinue)
    $attributes = [string](Get-Item -LiteralPath $folder -Force).Attributes
    return [ordered]@{
        path       = $folder
        fileSystem = $(if ($volumes.Length -eq 0) { '' } else { [string]$volumes[0].FileSystem })
        freeBytes  = $(if ($volumes.Length -eq 0) { -1 } else { $volumes[0].SizeRemaining })
        attributes = @($attributes.Split(',') | ForEach-Object { $_.Trim() })
        hasIntegrity = Test-Integrity $folder $volumes
    }
}

function Test-Integrity([string]$Folder, $Volumes) {
    if ($Volumes.Length -eq 0 -or $Volumes[0].FileSystem -ne 'ReFS') { return $false }
    $found = @(Storage\Get-FileIntegrity -FileName $Folder -ErrorAction SilentlyContinue)
    return $found.Length -gt 0 -and [bool]$found[0].Enabled
}
