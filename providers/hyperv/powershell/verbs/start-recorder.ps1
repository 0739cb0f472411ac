# Begins the recorder of a machine where none runs, and returns how it is spoken to. WMI begins it: a child of ours would
# be of sshd's session, and go with it.
function Invoke-StartRecorder($Arguments) {
    $files = Get-RecorderFolder $Arguments.id
    [System.IO.Stream]$running = Open-Recorder $files
    if ($null -ne $running) {
        $running.Dispose()
        return Get-RecorderNote $files
    }
    if ($Arguments.pipe -notmatch '^[A-Za-z0-9._-]+$') { throw 'no name of a pipe of ours' }
    $null = [System.IO.Directory]::CreateDirectory($files.Folder)
    [System.IO.File]::Delete($files.Note)
    $powershell = [System.Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
    $script = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($PSScriptRoot), 'recorder.ps1')
    # No file's name holds a quote on Windows; the id is a GUID, and the pipe's name is plain.
    $line = '"' + $powershell + '" -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "' + $script + '" ' +
        ([guid]$Arguments.id).ToString() + ' ' + $Arguments.pipe
    $made = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $line }
    if ($made.ReturnValue -ne 0) { throw ('Win32_Process.Create: ' + [string]$made.ReturnValue) }
    for ($waited = 0; $waited -lt $Arguments.waitMs; $waited += 20) {
        [System.IO.Stream]$answering = Open-Recorder $files
        if ($null -ne $answering) {
            $answering.Dispose()
            return Get-RecorderNote $files
        }
        [System.Threading.Thread]::Sleep(20)
    }
    throw 'the recorder of the serial port did not begin'
}
