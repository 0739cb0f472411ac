# A piece of what a machine's recorder wrote, `serial` or `events`, as Base64, and at which byte of it all it begins: later
# than asked where what is older is gone. '' at the end, and where nobody listened.
function Invoke-ReadRecorded($Arguments) {
    $files = Get-RecorderFolder $Arguments.id
    $offset = [long]$Arguments.offset
    $most = [int]$Arguments.mostBytes
    if ($Arguments.file -eq 'events') { return Read-Piece $files.events 0 $offset $most }
    if ([System.IO.Directory]::Exists($files.Folder)) {
        [System.Collections.SortedList]$segments = Get-Segments $files.Folder
        for ($at = 0; $at -lt $segments.Count; $at++) {
            $start = [long]$segments.GetKey($at)
            $piece = Read-Piece $segments.GetByIndex($at) $start ([System.Math]::Max($start, $offset)) $most
            if ($piece.bytes -ne '') { return $piece }
        }
    }
    return [ordered]@{ at = $offset; bytes = '' }
}

function Read-Piece([string]$Path, [long]$Start, [long]$At, [int]$Most) {
    $nothing = [ordered]@{ at = $At; bytes = '' }
    $share = [System.IO.FileShare]'ReadWrite, Delete'
    # Not there yet, or gone meanwhile.
    try { $file = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share) }
    catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] { return $nothing }
    try {
        $size = [int][System.Math]::Min($Most, $file.Length - ($At - $Start))
        if ($size -le 0) { return $nothing }
        $null = $file.Seek($At - $Start, [System.IO.SeekOrigin]::Begin)
        $buffer = [byte[]]::new($size)
        $count = $file.Read($buffer, 0, $size)
        return [ordered]@{ at = $At; bytes = [System.Convert]::ToBase64String($buffer, 0, $count) }
    } finally { $file.Dispose() }
}
