# The ids of the machines for which something was recorded here, whether they are still there or not.
function Invoke-ListRecorders($Arguments) {
    $folder = Get-OwnFolder 'recorders'
    if (-not [System.IO.Directory]::Exists($folder)) { return [ordered]@{ ids = @() } }
    $ids = @([System.IO.Directory]::GetDirectories($folder) | ForEach-Object { [System.IO.Path]::GetFileName($_) })
    return [ordered]@{ ids = $ids }
}
