/** Calls about the connection and its host. */
import { array, charArray, int, nothing, optionalString, string, struct, uhyper, uint } from '../codec.ts'
import { authType, interfaceRef, listArgs, nodeDeviceRef, optionalDomain, remote, xmlArgs } from '../shapes.ts'

export const connectCalls = {
  authList: remote(
    'AUTH_LIST',
    66,
    nothing,
    struct('remote_auth_list_ret', { types: array(authType, 'REMOTE_AUTH_TYPE_LIST_MAX') }),
  ),
  authPolkit: remote('AUTH_POLKIT', 70, nothing, struct('remote_auth_polkit_ret', { complete: int })),
  connectOpen: remote(
    'CONNECT_OPEN',
    1,
    struct('remote_connect_open_args', { name: optionalString, flags: uint }),
    nothing,
  ),
  connectGetType: remote('CONNECT_GET_TYPE', 3, nothing, struct('remote_connect_get_type_ret', { type: string })),
  connectGetVersion: remote(
    'CONNECT_GET_VERSION',
    4,
    nothing,
    struct('remote_connect_get_version_ret', { hv_ver: uhyper }),
  ),
  nodeGetInfo: remote(
    'NODE_GET_INFO',
    6,
    nothing,
    struct('remote_node_get_info_ret', {
      model: charArray(32),
      memory: uhyper,
      cpus: int,
      mhz: int,
      nodes: int,
      sockets: int,
      cores: int,
      threads: int,
    }),
  ),
  connectGetCapabilities: remote(
    'CONNECT_GET_CAPABILITIES',
    7,
    nothing,
    struct('remote_connect_get_capabilities_ret', { capabilities: string }),
  ),
  connectGetHostname: remote(
    'CONNECT_GET_HOSTNAME',
    59,
    nothing,
    struct('remote_connect_get_hostname_ret', { hostname: string }),
  ),
  connectSupportsFeature: remote(
    'CONNECT_SUPPORTS_FEATURE',
    60,
    struct('remote_connect_supports_feature_args', { feature: int }),
    struct('remote_connect_supports_feature_ret', { supported: int }),
  ),
  connectGetUri: remote('CONNECT_GET_URI', 110, nothing, struct('remote_connect_get_uri_ret', { uri: string })),
  connectGetLibVersion: remote(
    'CONNECT_GET_LIB_VERSION',
    157,
    nothing,
    struct('remote_connect_get_lib_version_ret', { lib_ver: uhyper }),
  ),
  connectGetDomainCapabilities: remote(
    'CONNECT_GET_DOMAIN_CAPABILITIES',
    342,
    struct('remote_connect_get_domain_capabilities_args', {
      emulatorbin: optionalString,
      arch: optionalString,
      machine: optionalString,
      virttype: optionalString,
      flags: uint,
    }),
    struct('remote_connect_get_domain_capabilities_ret', { capabilities: string }),
  ),
  domainEventRegister: remote(
    'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY',
    316,
    struct('remote_connect_domain_event_callback_register_any_args', { eventID: int, dom: optionalDomain }),
    struct('remote_connect_domain_event_callback_register_any_ret', { callbackID: int }),
  ),
  domainEventDeregister: remote(
    'CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY',
    317,
    struct('remote_connect_domain_event_callback_deregister_any_args', { callbackID: int }),
    nothing,
  ),
  nodeGetFreeMemory: remote(
    'NODE_GET_FREE_MEMORY',
    102,
    nothing,
    struct('remote_node_get_free_memory_ret', { freeMem: uhyper }),
  ),
  nodeGetMemoryStats: remote(
    'NODE_GET_MEMORY_STATS',
    228,
    struct('remote_node_get_memory_stats_args', { nparams: int, cellNum: int, flags: uint }),
    struct('remote_node_get_memory_stats_ret', {
      params: array(
        struct('remote_node_get_memory_stats', { field: string, value: uhyper }),
        'REMOTE_NODE_MEMORY_STATS_MAX',
      ),
      nparams: int,
    }),
  ),
  nodeGetCpuStats: remote(
    'NODE_GET_CPU_STATS',
    227,
    struct('remote_node_get_cpu_stats_args', { cpuNum: int, nparams: int, flags: uint }),
    struct('remote_node_get_cpu_stats_ret', {
      params: array(struct('remote_node_get_cpu_stats', { field: string, value: uhyper }), 'REMOTE_NODE_CPU_STATS_MAX'),
      nparams: int,
    }),
  ),
  connectGetSysinfo: remote(
    'CONNECT_GET_SYSINFO',
    203,
    struct('remote_connect_get_sysinfo_args', { flags: uint }),
    struct('remote_connect_get_sysinfo_ret', { sysinfo: string }),
  ),
  nodeDeviceListAll: remote(
    'CONNECT_LIST_ALL_NODE_DEVICES',
    285,
    listArgs('remote_connect_list_all_node_devices_args'),
    struct('remote_connect_list_all_node_devices_ret', {
      devices: array(nodeDeviceRef, 'REMOTE_NODE_DEVICE_LIST_MAX'),
      ret: uint,
    }),
  ),
  nodeDeviceGetXml: remote(
    'NODE_DEVICE_GET_XML_DESC',
    114,
    struct('remote_node_device_get_xml_desc_args', { name: string, flags: uint }),
    xmlArgs('remote_node_device_get_xml_desc_ret'),
  ),
  interfaceListAll: remote(
    'CONNECT_LIST_ALL_INTERFACES',
    284,
    listArgs('remote_connect_list_all_interfaces_args'),
    struct('remote_connect_list_all_interfaces_ret', {
      ifaces: array(interfaceRef, 'REMOTE_INTERFACE_LIST_MAX'),
      ret: uint,
    }),
  ),
  interfaceGetXml: remote(
    'INTERFACE_GET_XML_DESC',
    130,
    struct('remote_interface_get_xml_desc_args', { iface: interfaceRef, flags: uint }),
    xmlArgs('remote_interface_get_xml_desc_ret'),
  ),
} as const
