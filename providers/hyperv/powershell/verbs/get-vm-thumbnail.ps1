# The machine's screen, 16 bits a pixel; 0 by 0 where it has none, because it is off.
function Invoke-GetVmThumbnail($Arguments) {
    $id = [string][guid]$Arguments.id
    $space = 'root\virtualization\v2'
    $heads = @(Get-CimInstance -Namespace $space -ClassName Msvm_VideoHead -Filter "SystemName='$id'")
    if ($heads.Length -eq 0) { return [ordered]@{ width = 0; height = 0; pixels = '' } }
    $width = [int]$heads[0].CurrentHorizontalResolution
    $height = [int]$heads[0].CurrentVerticalResolution
    $system = Get-CimInstance -Namespace $space -ClassName Msvm_ComputerSystem -Filter "Name='$id'"
    $service = Get-CimInstance -Namespace $space -ClassName Msvm_VirtualSystemManagementService
    $size = @{ TargetSystem = $system; WidthPixels = [uint16]$width; HeightPixels = [uint16]$height }
    $image = Invoke-CimMethod -InputObject $service -MethodName GetVirtualSystemThumbnailImage -Arguments $size
    if ($image.ReturnValue -ne 0) { throw "GetVirtualSystemThumbnailImage returned $($image.ReturnValue)" }
    return [ordered]@{ width = $width; height = $height; pixels = [System.Convert]::ToBase64String($image.ImageData) }
}
