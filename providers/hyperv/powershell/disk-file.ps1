# The file of a disk under a name that Hyper-V's disk cmdlets take: they refuse .avhdx, a checkpoint's, by its name
# alone (kitchen-hyperv#25). A hard link gives it another, and nothing is copied.
function Get-DiskFile([string]$Path) {
    if (-not $Path.EndsWith('.avhdx', [System.StringComparison]::OrdinalIgnoreCase)) { return $Path }
    $link = [System.IO.Path]::ChangeExtension($Path, '.vhdx')
    if (-not [System.IO.File]::Exists($link)) { $null = New-Item -ItemType HardLink -Path $link -Value $Path }
    return $link
}
