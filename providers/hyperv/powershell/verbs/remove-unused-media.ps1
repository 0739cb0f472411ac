# Deletes copies of media that no machine uses any more, and returns them: neither in a drive of a machine or checkpoint,
# nor named in a mark, which holds the digest of what the machine was made with.
function Invoke-RemoveUnusedMedia($Arguments) {
    $folder = Get-OwnFolder 'media'
    if (-not [System.IO.Directory]::Exists($folder)) { return [ordered]@{ removed = @() } }
    $machines = @(Hyper-V\Get-VM)
    $used = [System.Text.StringBuilder]::new()
    foreach ($vm in $machines) {
        $null = $used.Append($vm.Notes).Append("`n")
        foreach ($drive in $vm.DVDDrives) { $null = $used.Append($drive.Path).Append("`n") }
        foreach ($snapshot in @(Hyper-V\Get-VMSnapshot -VM $vm)) {
            foreach ($drive in $snapshot.DVDDrives) { $null = $used.Append($drive.Path).Append("`n") }
        }
    }
    $text = $used.ToString().ToLowerInvariant()
    $removed = [System.Collections.ArrayList]::new()
    foreach ($file in [System.IO.Directory]::GetFiles($folder, '*.iso')) {
        if ($text.Contains([System.IO.Path]::GetFileNameWithoutExtension($file))) { continue }
        # One that somebody holds is in use, whatever the machines say.
        try { [System.IO.File]::Delete($file) } catch [System.IO.IOException] { continue }
        $null = $removed.Add($file)
    }
    return [ordered]@{ removed = $removed }
}
