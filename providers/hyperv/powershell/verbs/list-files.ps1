# The files directly in some folders whose names fit a pattern.
function Invoke-ListFiles($Arguments) {
    $files = [System.Collections.ArrayList]::new()
    foreach ($folder in $Arguments.folders) {
        if (-not [System.IO.Directory]::Exists($folder)) { continue }
        foreach ($file in [System.IO.Directory]::GetFiles($folder)) {
            if ([regex]::IsMatch([System.IO.Path]::GetFileName($file), $Arguments.pattern)) { $null = $files.Add($file) }
        }
    }
    return [ordered]@{ files = $files }
}
