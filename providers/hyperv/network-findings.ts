/** What doctor says of a host's networks: whether machines get a network, and what stands in the way. */
import type { Finding } from '../../src/provider/contract.ts'
import type { HostChecks } from './host-checks.ts'
import type { NetworkFacts } from './network-facts.ts'
import { natCommands } from './shared-network-script.ts'
import { sharedSwitchName } from './shared-networks.ts'

export function networkFindings(networks: NetworkFacts, checks: HostChecks): readonly Finding[] {
  return networks.hasDefaultSwitch ? defaultSwitchFindings(checks) : natFindings(networks, checks)
}

/** The Default Switch is Internet Connection Sharing underneath: what forbids that, leaves guests without addresses. */
function defaultSwitchFindings(checks: HostChecks): readonly Finding[] {
  const faults = [...sharingFaults(checks), ...firewallFaults(checks)]
  return faults.length > 0
    ? faults
    : [{ level: 'ok', code: 'default-switch', message: 'the Default Switch is there: mode nat needs nothing else' }]
}

const policyKey = String.raw`HKLM\SOFTWARE\Policies\Microsoft\Windows\Network Connections`

function sharingFaults({ sharingPolicy, bridgePolicy, services }: HostChecks): readonly Finding[] {
  const sharing = services.find(({ name }) => name === 'SharedAccess')
  const policies = [
    ...(sharingPolicy === '0' ? ['NC_ShowSharedAccessUI'] : []),
    // Seen to end NAT on the Default Switch: SkipToTheEndpoint/OpenIntuneBaseline#212.
    ...(bridgePolicy === '0' ? ['NC_AllowNetBridge_NLA'] : []),
  ]
  return [
    ...policies.map((name) => ({
      level: 'warning' as const,
      code: 'connection-sharing-forbidden',
      message: `a policy forbids Internet Connection Sharing, which the Default Switch is made of: guests may get no address (${policyKey}, ${name} = 0)`,
      fix: `Have the policy lifted for this computer, or name another switch in hyperv.switch. Group Policy sets it again.`,
    })),
    ...(sharing?.startMode === 'Disabled'
      ? [
          {
            level: 'warning' as const,
            code: 'connection-sharing-disabled',
            message:
              'the service SharedAccess (Internet Connection Sharing) is disabled, and the Default Switch is made of it: guests may get no address',
            fix: 'In an elevated PowerShell: `Set-Service SharedAccess -StartupType Manual`, then restart Windows.',
          },
        ]
      : []),
  ]
}

/** Then the rules that let DHCP and DNS in do not count. Source: microsoft/hcsshim#1287. */
function firewallFaults({ firewallPolicy }: HostChecks): readonly Finding[] {
  if (firewallPolicy !== '0') return []
  return [
    {
      level: 'warning',
      code: 'firewall-rules-ignored',
      message:
        'a policy makes Windows’ firewall ignore local rules for public networks, among them those that let guests ask the Default Switch for an address',
      fix: String.raw`Have the policy lifted (HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile, AllowLocalPolicyMerge = 0), or name another switch in hyperv.switch.`,
    },
  ]
}

function natFindings(networks: NetworkFacts, { isServer }: HostChecks): readonly Finding[] {
  const name = sharedSwitchName('nat')
  if (networks.hasSharedNat)
    return [
      {
        level: 'ok',
        code: 'nat-network',
        message: `mode nat uses azl-vm’s own network ${name}; it hands out no addresses, and goes with its last machine`,
      },
    ]
  const missing = isServer
    ? 'this host has no Default Switch, as no Windows Server has'
    : 'the Default Switch is missing, which this Windows should have'
  return [
    networks.freePrefix === ''
      ? {
          level: 'warning',
          code: 'nat-network-missing',
          message: `${missing}, and every range of addresses that azl-vm tries for a NAT network of its own is in use`,
          fix: 'Name a switch of the host in hyperv.switch for mode nat.',
        }
      : {
          level: 'warning',
          code: 'nat-network-missing',
          message: `${missing}: mode nat needs a network that is made for it`,
          fix: `\`azl-vm up --allow-host-network\` makes it, from an elevated prompt; or by hand in an elevated PowerShell:\n${natCommands(networks.freePrefix).join('\n')}`,
        },
    ...networks.foreignNats.map(({ name: nat, prefix }) => ({
      level: 'info' as const,
      code: 'foreign-nat',
      message: `the NAT network "${nat}" (${prefix}) is not azl-vm’s and is left alone; Windows may refuse a second one`,
      fix: 'To use it, name its switch in hyperv.switch.',
    })),
    ...networks.hns
      .filter(({ type }) => type.toLowerCase() === 'nat')
      .map(({ name: nat, prefixes }) => ({
        level: 'info' as const,
        code: 'hns-nat',
        message: `the Host Networking Service has the NAT network "${nat}" (${prefixes.join(', ')}), which Get-NetNat does not show; azl-vm stays out of its range`,
      })),
  ]
}
