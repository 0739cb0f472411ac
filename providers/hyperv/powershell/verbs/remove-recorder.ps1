# Ends the machine's recorder and deletes what it kept; returns the folder that is gone, '' where there was none.
function Invoke-RemoveRecorder($Arguments) {
    $files = Get-RecorderFolder $Arguments.id
    if (-not [System.IO.Directory]::Exists($files.Folder)) { return '' }
    [System.IO.Stream]$running = Open-Recorder $files
    if ($null -ne $running) {
        [byte[]]$end = ConvertTo-Frame 'e' ([byte[]]::new(0))
        $running.Write($end, 0, $end.Length)
        # It says what it still has to say, then the pipe ends.
        $buffer = [byte[]]::new(4096)
        while ($running.Read($buffer, 0, $buffer.Length) -gt 0) { continue }
        $running.Dispose()
    }
    [System.IO.Directory]::Delete($files.Folder, $true)
    return $files.Folder
}
