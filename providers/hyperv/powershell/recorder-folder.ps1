# The files of one machine's recorder; as src/recorder/recorder-folder.ts has them.
function Get-RecorderFolder([string]$MachineId) {
    $folder = [System.IO.Path]::Combine((Get-OwnFolder 'recorders'), ([guid]$MachineId).ToString())
    return @{
        Folder = $folder
        Note   = [System.IO.Path]::Combine($folder, 'recorder.json')
        events = [System.IO.Path]::Combine($folder, 'events.jsonl')
    }
}

# The files with parts of all that the port said, by the byte of it at which each begins, which its name says.
function Get-Segments([string]$Folder) {
    $segments = [System.Collections.SortedList]::new()
    foreach ($file in [System.IO.Directory]::GetFiles($Folder, 'serial*.log')) {
        $name = [regex]::Match([System.IO.Path]::GetFileName($file), '^serial(?:\.(?<from>\d+))?\.log$')
        # No number is 0.
        if ($name.Success) { $segments.Add([long]$name.Groups['from'].Value, $file) }
    }
    return , $segments
}

# $null where no recorder is noted.
function Read-RecorderNote($Files) {
    try { return ConvertFrom-JsonLine ([System.IO.File]::ReadAllText($Files.Note)) }
    catch [System.IO.IOException] { return $null }
}

# What a client needs of it.
function Get-RecorderNote($Files) {
    $note = Read-RecorderNote $Files
    return [ordered]@{ pid = $note.pid; address = $note.address; token = $note.token }
}

# The running recorder's pipe, greeted; $null where none answers.
function Open-Recorder($Files) {
    $note = Read-RecorderNote $Files
    if ($null -eq $note) { return $null }
    $pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', $note.address, [System.IO.Pipes.PipeDirection]::InOut,
        [System.IO.Pipes.PipeOptions]::Asynchronous)
    try {
        $pipe.Connect(1000)
        [byte[]]$hello = ConvertTo-JsonFrame 'h' ([ordered]@{ token = $note.token })
        $pipe.Write($hello, 0, $hello.Length)
    } catch {
        $pipe.Dispose()
        return $null
    }
    return $pipe
}
