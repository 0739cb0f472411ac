function Invoke-SetNotes($Arguments) {
    Hyper-V\Set-VM -VM (Get-Machine $Arguments.id) -Notes $Arguments.notes
    return $true
}
