/** What several findings and errors tell an administrator to type. */

export function installHyperV(isServer: boolean): string {
  return isServer
    ? 'In an elevated PowerShell: `Install-WindowsFeature Hyper-V -IncludeManagementTools -Restart`.'
    : 'In an elevated PowerShell: `Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All`, then restart Windows.'
}
