# What a recorder keeps of a serial port, as src/recorder/recorder-log.ts does: files of a few MiB, of which the last two stay.

function Open-RecorderLog([string]$Folder, [long]$SegmentBytes) {
    [System.Collections.SortedList]$segments = Get-Segments $Folder
    $start = [long]0
    if ($segments.Count -gt 0) { $start = [long]$segments.GetKey($segments.Count - 1) }
    return @{ Folder = $Folder; SegmentBytes = $SegmentBytes; Start = $start; Stream = Open-Segment $Folder $start }
}

function Open-Segment([string]$Folder, [long]$Start) {
    $name = 'serial.' + $(if ($Start -eq 0) { '' } else { [string]$Start + '.' }) + 'log'
    return [System.IO.FileStream]::new([System.IO.Path]::Combine($Folder, $name), [System.IO.FileMode]::Append,
        [System.IO.FileAccess]::Write, [System.IO.FileShare]'ReadWrite, Delete')
}

# All that was written, what is gone of it too.
function Get-LogLength($Log) {
    [System.IO.FileStream]$stream = $Log.Stream
    return $Log.Start + $stream.Length
}

function Add-ToLog($Log, [byte[]]$Bytes) {
    [System.IO.FileStream]$stream = $Log.Stream
    if ($stream.Length -ge $Log.SegmentBytes) {
        $start = Get-LogLength $Log
        [System.IO.FileStream]$next = Open-Segment $Log.Folder $start
        $stream.Dispose()
        $stream = $next
        $Log.Stream = $next
        $Log.Start = $start
        Remove-OldSegments $Log.Folder
    }
    $stream.Write($Bytes, 0, $Bytes.Length)
    $stream.Flush()
}

function Remove-OldSegments([string]$Folder) {
    [System.Collections.SortedList]$segments = Get-Segments $Folder
    for ($at = 0; $at -lt $segments.Count - 2; $at++) {
        # One that is held goes with the next.
        try { [System.IO.File]::Delete($segments.GetByIndex($at)) } catch [System.IO.IOException] { continue }
    }
}
