# Deletes the files of a folder whose names below it, with slashes, fit a pattern; then the folders that are empty,
# where asked, and the folder itself. What is held by others, and what does not fit, is told.
function Invoke-RemoveFiles($Arguments) {
    $removed = [System.Collections.ArrayList]::new()
    $held = [System.Collections.ArrayList]::new()
    $others = [System.Collections.ArrayList]::new()
    $folder = [string]$Arguments.folder
    if ([System.IO.Directory]::Exists($folder)) {
        foreach ($file in [System.IO.Directory]::GetFiles($folder, '*', [System.IO.SearchOption]::AllDirectories)) {
            $name = $file.Substring($folder.Length + 1).Replace('\', '/')
            if (-not [regex]::IsMatch($name, $Arguments.pattern)) { $null = $others.Add($file); continue }
            try {
                [System.IO.File]::Delete($file)
                $null = $removed.Add($file)
            } catch [System.IO.IOException], [System.UnauthorizedAccessException] {
                $null = $held.Add([ordered]@{ path = $file; why = $_.Exception.GetBaseException().Message })
            }
        }
        if ($Arguments.isWhole) { Remove-EmptyFolders $folder }
    }
    return [ordered]@{
        removed = $removed
        held    = $held
        others  = $others
        isGone  = -not [System.IO.Directory]::Exists($folder)
    }
}

function Remove-EmptyFolders([string]$Folder) {
    foreach ($below in [System.IO.Directory]::GetDirectories($Folder)) { Remove-EmptyFolders $below }
    if ([System.IO.Directory]::GetFileSystemEntries($Folder).Length -eq 0) { [System.IO.Directory]::Delete($Folder) }
}
