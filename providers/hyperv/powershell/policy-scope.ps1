# Which Group Policy decides what scripts may run here, and what it says: "MachinePolicy AllSigned", or nothing. Run as
# a text on the command line (-EncodedCommand), which no execution policy forbids.
foreach ($each in @(Get-ExecutionPolicy -List)) {
    $scope = [string]$each.Scope
    if ($scope -match '^(MachinePolicy|UserPolicy)$' -and [string]$each.ExecutionPolicy -ne 'Undefined') {
        $scope + ' ' + [string]$each.ExecutionPolicy
        break
    }
}
