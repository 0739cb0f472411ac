# What azl-vm keeps on a Hyper-V host beside machines: in the home of the user whose machines they are.
function Get-OwnFolder([string]$Name) {
    $userHome = [System.Environment]::GetFolderPath('UserProfile')
    return [System.IO.Path]::Combine($userHome, '.azl-vm', $Name)
}
