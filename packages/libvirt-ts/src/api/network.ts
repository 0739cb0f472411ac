/** Virtual networks. */
import type { CallOptions } from '../api.ts'
import type { NetworkSection, NetworkUpdateCommand } from '../rpc/enums.ts'

/** Which networks; nothing said means all. */
export interface ListNetworksFilter {
  readonly active?: boolean | undefined
  readonly persistent?: boolean | undefined
  readonly autostart?: boolean | undefined
}

/** An address that a network's DHCP server gave out. */
export interface DhcpLease {
  /** The bridge that the guest is behind. */
  readonly interface: string
  /** Milliseconds since 1970; 0: never. */
  readonly expiresMs: number
  readonly family: 'ipv4' | 'ipv6' | number
  readonly mac: string | undefined
  /** The identity association of a DHCPv6 client. */
  readonly iaid: string | undefined
  readonly address: string
  readonly prefixLength: number
  readonly hostname: string | undefined
  readonly clientId: string | undefined
}

/** A change of a part of a network. */
export interface NetworkUpdate {
  readonly command: NetworkUpdateCommand
  /** Which part of the network's XML. */
  readonly section: NetworkSection
  /** The element; of a deletion, as much as tells it apart. */
  readonly xml: string
  /** Which of several parents, from 0; unsaid, libvirt finds the one that fits. */
  readonly parentIndex?: number | undefined
  /** Neither: the current state, running or not. */
  readonly live?: boolean | undefined
  readonly config?: boolean | undefined
}

/** A handle, as a domain is. Every call rejects with `no-network` where it is gone. */
export interface Network {
  readonly name: string
  readonly uuid: string

  /** Whether it is started. */
  isActive(options?: CallOptions): Promise<boolean>
  /** Whether it has a definition that outlives being stopped. */
  isPersistent(options?: CallOptions): Promise<boolean>
  /**
   * `inactive`: as it will be after its next start.
   * https://libvirt.org/html/libvirt-libvirt-network.html#virNetworkGetXMLDesc
   */
  xml(options?: CallOptions & { readonly inactive?: boolean }): Promise<string>
  /** Starts it. */
  create(options?: CallOptions): Promise<void>
  /** Stops it. */
  destroy(options?: CallOptions): Promise<void>
  /** Removes the definition; a running network goes on as a transient one. */
  undefine(options?: CallOptions): Promise<void>
  /**
   * Changes a part, where it runs without a restart (`operation-unsupported` for parts that cannot).
   * https://libvirt.org/html/libvirt-libvirt-network.html#virNetworkUpdate
   */
  update(change: NetworkUpdate, options?: CallOptions): Promise<void>
  /** https://libvirt.org/html/libvirt-libvirt-network.html#virNetworkGetAutostart */
  autostart(options?: CallOptions): Promise<boolean>
  /** Whether the daemon starts it when it starts itself. */
  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void>
  /** `internal-error` for a network without a bridge of its own. */
  bridgeName(options?: CallOptions): Promise<string>
  /**
   * What its DHCP server has given out, or only to one MAC address.
   * https://libvirt.org/html/libvirt-libvirt-network.html#virNetworkGetDHCPLeases
   */
  dhcpLeases(options?: CallOptions & { readonly mac?: string }): Promise<DhcpLease[]>
}
