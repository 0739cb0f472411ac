# The anchor: an empty Generation 2 machine in a folder that Hyper-V names after it.
function Invoke-NewVm($Arguments) {
    $vm = Hyper-V\New-VM -Name $Arguments.name -Path $Arguments.path -Generation 2 -MemoryStartupBytes $Arguments.memoryBytes -NoVHD
    return Get-MachineSummary $vm
}
