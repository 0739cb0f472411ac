# A virtual machine by its own id. Names are wildcards to Hyper-V's cmdlets and may be there twice.

# $null where there is none. Hyper-V says so with an error whose id it also has for bad arguments, so the list decides.
function Find-Machine([guid]$Id) {
    try {
        return Hyper-V\Get-VM -Id $Id
    } catch {
        if (@(Hyper-V\Get-VM | Where-Object { $_.Id -eq $Id }).Length -ne 0) { throw }
        return $null
    }
}

function Get-Machine([guid]$Id) {
    $vm = Find-Machine $Id
    if ($null -ne $vm) { return $vm }
    $exception = [System.Exception]::new("there is no virtual machine with the id $Id")
    throw [System.Management.Automation.ErrorRecord]::new($exception, 'AzlVmMachineNotFound', 'ObjectNotFound', $Id)
}

# The same, where its hardware is to be set: Hyper-V sets none of a machine that is on.
function Get-OffMachine([guid]$Id) {
    $vm = Get-Machine $Id
    if ([string]$vm.State -eq 'Off') { return $vm }
    throw (New-Failure "the virtual machine is not off, it is $($vm.State)" 'AzlVmMachineOn' 'ResourceBusy')
}

# What tells one machine from another; enough for a list.
function Get-MachineSummary($Vm) {
    return [ordered]@{
        id         = $Vm.Id
        name       = $Vm.Name
        state      = $Vm.State
        notes      = [string]$Vm.Notes
        path       = [string]$Vm.Path
        generation = $Vm.Generation
    }
}
