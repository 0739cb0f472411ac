# A piece of what a machine's recorder wrote, `serial` or `events`, as Base64; '' at the end, and where nobody listened.
function Invoke-ReadRecorded($Arguments) {
    [hashtable]$files = Get-RecorderFolder $Arguments.id
    $path = $files[$Arguments.file]
    $nothing = [ordered]@{ bytes = '' }
    if (-not [System.IO.File]::Exists($path)) { return $nothing }
    $share = [System.IO.FileShare]'ReadWrite, Delete'
    $file = [System.IO.FileStream]::new($path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
    try {
        $size = [int][System.Math]::Min($Arguments.mostBytes, $file.Length - $Arguments.offset)
        if ($size -le 0) { return $nothing }
        $null = $file.Seek($Arguments.offset, [System.IO.SeekOrigin]::Begin)
        $buffer = [byte[]]::new($size)
        $count = $file.Read($buffer, 0, $size)
        return [ordered]@{ bytes = [System.Convert]::ToBase64String($buffer, 0, $count) }
    } finally { $file.Dispose() }
}
