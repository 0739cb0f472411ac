# The files directly in some folders whose names fit a pattern; a folder that is not there, or goes just now, has none.
function Invoke-ListFiles($Arguments) {
    $files = [System.Collections.ArrayList]::new()
    foreach ($folder in $Arguments.folders) {
        # Not asked for before: the machine whose folder it is may be removed by somebody else at that moment.
        try { $there = [System.IO.Directory]::GetFiles($folder) } catch [System.IO.DirectoryNotFoundException] { continue }
        foreach ($file in $there) {
            if ([regex]::IsMatch([System.IO.Path]::GetFileName($file), $Arguments.pattern)) { $null = $files.Add($file) }
        }
    }
    return [ordered]@{ files = $files }
}
