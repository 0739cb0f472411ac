# Every machine of the host.
function Invoke-ListVms($Arguments) {
    return [ordered]@{ machines = @(foreach ($vm in @(Hyper-V\Get-VM)) { Get-MachineSummary $vm }) }
}
