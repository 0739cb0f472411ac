/** The daemon's host. */
import type { CallOptions } from '../api.ts'

/** Processors and memory of the daemon's host. */
export interface NodeInfo {
  readonly cpuModel: string
  readonly memoryBytes: number
  readonly cpus: number
  readonly mhz: number
  readonly numaNodes: number
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

/** A network interface of the daemon's host. */
export interface HostInterface {
  readonly name: string
  readonly mac: string
}

/** What a connection tells about the daemon's host. */
export interface NodeCalls {
  /** https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetInfo */
  nodeInfo(options?: CallOptions): Promise<NodeInfo>
  /** https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetFreeMemory */
  nodeFreeMemoryBytes(options?: CallOptions): Promise<number>
  /**
   * Bytes by libvirt's names (`total`, `free`, `buffers`, `cached`), of the host or of one NUMA node.
   * https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetMemoryStats
   */
  nodeMemoryStats(options?: CallOptions & { readonly numaNode?: number }): Promise<Readonly<Record<string, number>>>
  /**
   * Milliseconds since the host's start by libvirt's names (`kernel`, `user`, `idle`, `iowait`), of all or of one.
   * https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetCPUStats
   */
  nodeCpuStats(options?: CallOptions & { readonly cpu?: number }): Promise<Readonly<Record<string, number>>>
  /**
   * What the firmware says of the host (SMBIOS), as XML; `no-support` where the driver does not know.
   * https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetSysinfo
   */
  sysinfo(options?: CallOptions): Promise<string>
  /**
   * Names of the host's devices (`pci_0000_00_1f_2`).
   * https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectListAllNodeDevices
   */
  listNodeDevices(options?: CallOptions): Promise<string[]>
  /** https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetXMLDesc */
  nodeDeviceXml(name: string, options?: CallOptions): Promise<string>
  /**
   * The host's network interfaces; `no-support` where libvirt was built without netcf or udev.
   * https://libvirt.org/html/libvirt-libvirt-interface.html#virConnectListAllInterfaces
   */
  listInterfaces(options?: CallOptions): Promise<HostInterface[]>
  /** https://libvirt.org/html/libvirt-libvirt-interface.html#virInterfaceGetXMLDesc */
  interfaceXml(host: HostInterface, options?: CallOptions): Promise<string>
}
