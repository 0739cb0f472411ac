function Invoke-RenameVm($Arguments) {
    Hyper-V\Rename-VM -VM (Get-Machine $Arguments.id) -NewName $Arguments.name
    return $true
}
