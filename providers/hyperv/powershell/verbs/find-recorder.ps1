# How the machine's recorder is spoken to; recorder is null where none runs.
function Invoke-FindRecorder($Arguments) {
    $files = Get-RecorderFolder $Arguments.id
    [System.IO.Stream]$running = Open-Recorder $files
    if ($null -eq $running) { return [ordered]@{ recorder = $null } }
    $running.Dispose()
    return [ordered]@{ recorder = Get-RecorderNote $files }
}
