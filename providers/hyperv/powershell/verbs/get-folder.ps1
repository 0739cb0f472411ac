# What a folder's volume and attributes say, or those of the nearest folder above it that is there; null where none is.
function Invoke-GetFolder($Arguments) {
    $folder = [string]$Arguments.path
    while ($folder -ne '' -and -not [System.IO.Directory]::Exists($folder)) {
        # No folder has such a name.
        try { $folder = [string][System.IO.Path]::GetDirectoryName($folder) } catch [System.ArgumentException] { $folder = '' }
    }
    if ($folder -eq '') { return [ordered]@{ folder = $null } }
    return [ordered]@{ folder = Get-FolderFacts $folder }
}

# A share or a cluster's volume may tell nothing.
function Get-FolderFacts([string]$Folder) {
    $volumes = @(Storage\Get-Volume -FilePath $Folder -ErrorAction SilentlyContinue)
    $attributes = [string](Get-Item -LiteralPath $Folder -Force).Attributes
    return [ordered]@{
        path         = $Folder
        fileSystem   = $(if ($volumes.Length -eq 0) { '' } else { [string]$volumes[0].FileSystem })
        freeBytes    = $(if ($volumes.Length -eq 0) { -1 } else { $volumes[0].SizeRemaining })
        attributes   = @($attributes -split ', ')
        hasIntegrity = Test-Integrity $Folder $volumes
    }
}

function Test-Integrity([string]$Folder, [object[]]$Volumes) {
    if ($Volumes.Length -eq 0 -or $Volumes[0].FileSystem -ne 'ReFS') { return $false }
    $found = @(Storage\Get-FileIntegrity -FileName $Folder -ErrorAction SilentlyContinue)
    return $found.Length -gt 0 -and [bool]$found[0].Enabled
}
