# A virtual disk file; disk is null where the file is not there.
function Invoke-GetVhd($Arguments) {
    if (-not [System.IO.File]::Exists($Arguments.path)) { return [ordered]@{ disk = $null } }
    $disk = Hyper-V\Get-VHD -Path $Arguments.path
    return [ordered]@{
        disk = [ordered]@{ sizeBytes = $disk.Size; fileBytes = $disk.FileSize; parent = [string]$disk.ParentPath }
    }
}
