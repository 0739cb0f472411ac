# Every machine of the host.
function Invoke-ListVms($Arguments) {
    return [ordered]@{ machines = @(Hyper-V\Get-VM | ForEach-Object { Get-MachineSummary $_ }) }
}
