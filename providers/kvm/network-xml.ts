/** The libvirt networks that azl-vm makes itself. */
import { element, toXml } from './xml.ts'

/** A switch with nothing on it but the machine: no way out (no forward), and the host has no address there (no ip). */
export function isolatedNetworkXml(name: string): string {
  return toXml(element('network', {}, element('name', {}, name), element('bridge', { stp: 'on', delay: 0 })))
}

/**
 * The third number of 192.168.x.0/24, in the order in which they are tried: libvirt refuses a network whose addresses
 * the host has a route to already. Above libvirt's own `default` (122).
 */
export const hostOnlySubnets: readonly number[] = Array.from({ length: 16 }, (_, index) => 124 + index)

/**
 * A switch with the host and its DHCP server on it, and no way out: without a forward element libvirt's firewall
 * rules let nothing pass between this network and any other. No DNS, which would ask the outside for the guest.
 */
export function hostOnlyNetworkXml(name: string, subnet: number): string {
  const address = (host: number): string => `192.168.${String(subnet)}.${String(host)}`
  return toXml(
    element(
      'network',
      {},
      element('name', {}, name),
      element('bridge', { stp: 'on', delay: 0 }),
      element('dns', { enable: 'no' }),
      element(
        'ip',
        { address: address(1), netmask: '255.255.255.0' },
        element('dhcp', {}, element('range', { start: address(2), end: address(254) })),
      ),
    ),
  )
}
