# Why Hyper-V's service cannot be given a file of this user where it lies; '' where it can. It runs as another account:
# it has neither this user's shares nor drives, nor the means to fetch a file from a cloud.
function Invoke-GetFilePlace($Arguments) {
    return [ordered]@{ why = Get-FilePlace ([System.IO.Path]::GetFullPath($Arguments.path)) }
}

function Get-FilePlace([string]$Path) {
    if ($Path.StartsWith('\\') -and -not $Path.StartsWith('\\?\')) { return 'it lies on a share' }
    if ($Path.StartsWith('\\?\UNC\')) { return 'it lies on a share' }
    $root = [System.IO.Path]::GetPathRoot($Path.Replace('\\?\', ''))
    $isNetwork = [System.IO.DriveInfo]::new($root).DriveType -eq [System.IO.DriveType]::Network
    if ($isNetwork) { return 'it lies on a network drive, which is there for this user only' }
    # Recall on open, recall on data access: a placeholder whose bytes are in a cloud. Offline: moved to slower storage.
    $attributes = [int][System.IO.File]::GetAttributes($Path)
    if (($attributes -band 0x441000) -ne 0) { return 'its bytes are not on this computer' }
    foreach ($name in @('OneDrive', 'OneDriveConsumer', 'OneDriveCommercial')) {
        $folder = [System.Environment]::GetEnvironmentVariable($name)
        if (-not $folder) { continue }
        $below = $folder.TrimEnd([char]'\', [char]'/') + [System.IO.Path]::DirectorySeparatorChar
        if ($Path.StartsWith($below, [System.StringComparison]::OrdinalIgnoreCase)) { return 'it lies in OneDrive' }
    }
    return ''
}
