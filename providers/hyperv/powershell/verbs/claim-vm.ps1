# The anchor: an empty Generation 2 machine in a folder that Hyper-V names after it, then the mark with its own id,
# then its name. One claim at a time on this host, so that of two with one name the second sees the first.
function Invoke-ClaimVm($Arguments) {
    [System.Threading.Mutex]$mutex = Wait-ClaimMutex $Arguments.waitMs
    try {
        $vm = $null
        foreach ($each in @(Hyper-V\Get-VM)) {
            if ($each.Name -ceq $Arguments.runName) { $vm = $each }
            elseif ($each.Name -eq $Arguments.name) { return [ordered]@{ id = $null; takenBy = $each.Name } }
        }
        if ($null -eq $vm) {
            $vm = Hyper-V\New-VM -Name $Arguments.runName -Path $Arguments.path -Generation 2 -MemoryStartupBytes $Arguments.memoryBytes -NoVHD
        }
        $mark = ([string]$Arguments.notes).Replace($Arguments.idPlace, [string]$vm.Id)
        $notes = [string]$vm.Notes
        if (-not $notes.Contains($mark)) {
            if ($notes -ne '') { $mark = $notes + "`r`n" + $mark }
            Hyper-V\Set-VM -VM $vm -Notes $mark
        }
        Hyper-V\Rename-VM -VM $vm -NewName $Arguments.name
        return [ordered]@{ id = $vm.Id; takenBy = '' }
    } finally {
        $mutex.ReleaseMutex()
        $mutex.Dispose()
    }
}

# Of the whole host. Who holds it and dies leaves it free; who holds it and stands still is not waited for without end.
# Another account's is not to be opened while that one works.
function Wait-ClaimMutex([int]$WaitMs) {
    $mutex = $null
    for ($left = $WaitMs; $null -eq $mutex; $left -= 50) {
        try { $mutex = [System.Threading.Mutex]::new($false, 'Global\azl-vm-claim') }
        catch [System.UnauthorizedAccessException] {
            if ($left -le 50) { throw (New-ClaimBusy $WaitMs) }
            [System.Threading.Thread]::Sleep(50)
        }
    }
    # Abandoned is held all the same.
    try { $isHeld = $mutex.WaitOne($left + 50) } catch [System.Threading.AbandonedMutexException] { $isHeld = $true }
    if ($isHeld) { return $mutex }
    $mutex.Dispose()
    throw (New-ClaimBusy $WaitMs)
}

function New-ClaimBusy([int]$WaitMs) {
    return New-Failure "another process of azl-vm on this host has been making a machine for more than $($WaitMs / 1000) s" 'AzlVmClaimBusy' 'ResourceBusy'
}
