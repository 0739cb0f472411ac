# The worker's first line: which PowerShell this is, on which Windows, and what its token may do.

function Get-HostIdentity([string]$LanguageMode) {
    $version = [string]$PSVersionTable.PSVersion
    $edition = [string]$PSVersionTable.PSEdition
    return [ordered]@{
        hello        = 1
        languageMode = $LanguageMode
        psVersion    = $version
        psEdition    = $edition
        culture      = [System.Globalization.CultureInfo]::CurrentUICulture.Name
        build        = [int](Get-RegistryText 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuildNumber')
        edition      = Get-RegistryText 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'EditionID'
        rights       = Get-TokenRights
        architecture = [string][System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture
        separator    = [string][System.IO.Path]::DirectorySeparatorChar
        home         = [System.Environment]::GetFolderPath('UserProfile')
        machineId    = Get-RegistryText 'SOFTWARE\Microsoft\Cryptography' 'MachineGuid'
        clock        = [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [System.Globalization.CultureInfo]::InvariantCulture)
    }
}

# By SID, because the groups' names are translated: Administrators S-1-5-32-544, Hyper-V Administrators S-1-5-32-578.
function Get-TokenRights {
    $principal = [System.Security.Principal.WindowsPrincipal]::new([System.Security.Principal.WindowsIdentity]::GetCurrent())
    return [ordered]@{
        administrator        = $principal.IsInRole([System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-544'))
        hyperVAdministrators = $principal.IsInRole([System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-578'))
    }
}

# '' where there is none. The worker runs as a 64-bit process, so that this is the system's own part of the registry.
function Get-RegistryText([string]$Key, [string]$Name) {
    return [string][Microsoft.Win32.Registry]::GetValue("HKEY_LOCAL_MACHINE\$Key", $Name, '')
}
