# How long a file is by now, and the files of a disk with all that it lies on together.
function Invoke-GetLengths($Arguments) {
    $target = [long]0
    if ([System.IO.File]::Exists($Arguments.target)) { $target = [System.IO.FileInfo]::new($Arguments.target).Length }
    $all = [long]0
    foreach ($file in (Get-DiskChain $Arguments.path @{})) { $all += [System.IO.FileInfo]::new($file).Length }
    return [ordered]@{ lengths = @($target, $all) }
}
