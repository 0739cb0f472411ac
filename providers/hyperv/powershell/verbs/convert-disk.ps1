# A disk with all that it lies on as one new file, whose name decides between VHDX and VHD. type: Fixed or Dynamic.
function Invoke-ConvertDisk($Arguments) {
    Hyper-V\Convert-VHD -Path (Get-DiskFile $Arguments.path) -DestinationPath $Arguments.target -VHDType $Arguments.type
    return $true
}
