# The folders directly below some others that begin with a text; what is not there, or not to be read, has none.
function Invoke-ListFolders($Arguments) {
    $folders = [System.Collections.ArrayList]::new()
    foreach ($root in $Arguments.roots) {
        if (-not [System.IO.Directory]::Exists($root)) { continue }
        foreach ($folder in [System.IO.Directory]::GetDirectories($root, $Arguments.prefix + '*')) { $null = $folders.Add($folder) }
    }
    return [ordered]@{ folders = $folders }
}
