# A disk with all that it lies on as one new file, whose name decides between VHDX and VHD. type: Fixed or Dynamic.
function Invoke-ConvertDisk($Arguments) {
    $file = Get-DiskFile $Arguments.path
    try {
        Hyper-V\Convert-VHD -Path $file -DestinationPath $Arguments.target -VHDType $Arguments.type
    } finally {
        if ($file -ne $Arguments.path) { [System.IO.File]::Delete($file) }
    }
    return $true
}
