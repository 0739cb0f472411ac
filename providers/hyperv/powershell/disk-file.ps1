# The file of a disk under a name that Hyper-V's disk cmdlets take: they refuse .avhdx, a checkpoint's, by its name
# alone (kitchen-hyperv#25). A hard link gives it another, and nothing is copied.
function Get-DiskFile([string]$Path) {
    if (-not $Path.EndsWith('.avhdx', [System.StringComparison]::OrdinalIgnoreCase)) { return $Path }
    $link = [System.IO.Path]::ChangeExtension($Path, '.vhdx')
    if (-not [System.IO.File]::Exists($link)) { $null = New-Item -ItemType HardLink -Path $link -Value (Get-LinkTarget $Path) }
    return $link
}

# A path as New-Item takes it for a link's target: before PowerShell 7.6 it is a pattern, whatever the parameter is called
# (PowerShell#6232, #14534). The number is the engine's own; 5.1's is 3.0.
function Get-LinkTarget([string]$Path) {
    if ([psobject].Assembly.GetName().Version -ge [version]'7.6') { return $Path }
    return [System.Management.Automation.WildcardPattern]::Escape($Path)
}

# The second name of this file, and of those beside it that a merge took away since.
function Remove-DiskLinks([string]$Path) {
    $folder = [System.IO.Path]::GetDirectoryName($Path)
    if (-not [System.IO.Directory]::Exists($folder)) { return }
    foreach ($link in [System.IO.Directory]::GetFiles($folder, '*_????????-????-????-????-????????????.vhdx')) {
        $file = [System.IO.Path]::ChangeExtension($link, '.avhdx')
        if ($file -eq $Path -or -not [System.IO.File]::Exists($file)) { [System.IO.File]::Delete($link) }
    }
}

# A disk as Hyper-V reads it; $null where there is no file, or where it was deleted while it was read.
function Read-Disk([string]$Path) {
    if (-not [System.IO.File]::Exists($Path)) { return $null }
    try {
        return Hyper-V\Get-VHD -Path $Path
    } catch {
        if ([System.IO.File]::Exists($Path)) { throw }
        return $null
    }
}

# A disk's file and those that it lies on, the nearest first. $Parents remembers what was looked up.
function Get-DiskChain([string]$Path, [hashtable]$Parents) {
    $chain = [System.Collections.ArrayList]::new()
    while ($Path -ne '') {
        $null = $chain.Add($Path)
        if (-not $Parents.ContainsKey($Path)) {
            $disk = Read-Disk $Path
            $Parents[$Path] = $(if ($null -eq $disk) { '' } else { [string]$disk.ParentPath })
        }
        $Path = $Parents[$Path]
    }
    return , $chain
}
