# False where there is none.
function Invoke-RemoveFile($Arguments) {
    if (-not [System.IO.File]::Exists($Arguments.path)) { return $false }
    [System.IO.File]::Delete($Arguments.path)
    return $true
}
