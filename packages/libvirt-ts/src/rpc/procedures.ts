/**
 * The calls that this client makes: libvirt's name, number, arguments and answer of each. The names of structures,
 * fields and types are those of libvirt's protocol description; `npm run check:protocol` compares all of them.
 */
import {
  array,
  char,
  charArray,
  int,
  nothing,
  optional,
  optionalString,
  string,
  struct,
  uchar,
  uhyper,
  uint,
  uuid,
} from './codec.ts'
import type { Codec } from './codec.ts'
import { programs } from './limits.ts'

export interface Procedure<A, R> {
  readonly program: number
  /** libvirt's name without `REMOTE_PROC_`. */
  readonly name: string
  readonly number: number
  readonly args: Codec<A>
  readonly result: Codec<R>
}

function remote<A, R>(name: string, number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> {
  return { program: programs.REMOTE_PROGRAM, name, number, args, result }
}

function qemu<A, R>(name: string, number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> {
  return { program: programs.QEMU_PROGRAM, name, number, args, result }
}

export const domainRef = struct('remote_nonnull_domain', { name: string, uuid, id: int })
export const networkRef = struct('remote_nonnull_network', { name: string, uuid })
export const poolRef = struct('remote_nonnull_storage_pool', { name: string, uuid })
export const volumeRef = struct('remote_nonnull_storage_vol', { pool: string, name: string, key: string })

const optionalDomain = optional('remote_domain', domainRef)
const optionalNetwork = optional('remote_network', networkRef)
const authType: Codec<number> = { ...int, type: 'remote_auth_type' }

/** What follows the header where the status is an error. */
export const errorStruct = struct('remote_error', {
  code: int,
  domain: int,
  message: optionalString,
  level: int,
  dom: optionalDomain,
  str1: optionalString,
  str2: optionalString,
  str3: optionalString,
  int1: int,
  int2: int,
  net: optionalNetwork,
})

// Shapes that many procedures share; each gets the name that libvirt gives it there.
const domainArgs = (name: string) => struct(name, { dom: domainRef })
const domainFlags = (name: string) => struct(name, { dom: domainRef, flags: uint })
const domainRet = (name: string) => struct(name, { dom: domainRef })
const deviceArgs = (name: string) => struct(name, { dom: domainRef, xml: string, flags: uint })
const listArgs = (name: string) => struct(name, { need_results: int, flags: uint })
const networkArgs = (name: string) => struct(name, { net: networkRef })
const networkRet = networkArgs
const poolArgs = (name: string) => struct(name, { pool: poolRef })
const poolRet = poolArgs
const poolFlags = (name: string) => struct(name, { pool: poolRef, flags: uint })
const volumeArgs = (name: string) => struct(name, { vol: volumeRef })
const volumeRet = volumeArgs
const volumeFlags = (name: string) => struct(name, { vol: volumeRef, flags: uint })
const nameArgs = (name: string) => struct(name, { name: string })
const uuidArgs = (name: string) => struct(name, { uuid })
const xmlArgs = (name: string) => struct(name, { xml: string })
const xmlFlags = (name: string) => struct(name, { xml: string, flags: uint })
const xmlRet = xmlArgs
const activeRet = (name: string) => struct(name, { active: int })
const persistentRet = (name: string) => struct(name, { persistent: int })
const transferArgs = (name: string) => struct(name, { vol: volumeRef, offset: uhyper, length: uhyper, flags: uint })

const connectCalls = {
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
} as const

const domainCalls = {
  domainListAll: remote(
    'CONNECT_LIST_ALL_DOMAINS',
    273,
    listArgs('remote_connect_list_all_domains_args'),
    struct('remote_connect_list_all_domains_ret', { domains: array(domainRef, 'REMOTE_DOMAIN_LIST_MAX'), ret: uint }),
  ),
  domainLookupByName: remote(
    'DOMAIN_LOOKUP_BY_NAME',
    23,
    nameArgs('remote_domain_lookup_by_name_args'),
    domainRet('remote_domain_lookup_by_name_ret'),
  ),
  domainLookupByUuid: remote(
    'DOMAIN_LOOKUP_BY_UUID',
    24,
    uuidArgs('remote_domain_lookup_by_uuid_args'),
    domainRet('remote_domain_lookup_by_uuid_ret'),
  ),
  domainDefineXml: remote(
    'DOMAIN_DEFINE_XML_FLAGS',
    350,
    xmlFlags('remote_domain_define_xml_flags_args'),
    domainRet('remote_domain_define_xml_flags_ret'),
  ),
  domainCreate: remote(
    'DOMAIN_CREATE_WITH_FLAGS',
    196,
    domainFlags('remote_domain_create_with_flags_args'),
    domainRet('remote_domain_create_with_flags_ret'),
  ),
  domainResume: remote('DOMAIN_RESUME', 28, domainArgs('remote_domain_resume_args'), nothing),
  domainSuspend: remote('DOMAIN_SUSPEND', 34, domainArgs('remote_domain_suspend_args'), nothing),
  domainShutdown: remote('DOMAIN_SHUTDOWN_FLAGS', 258, domainFlags('remote_domain_shutdown_flags_args'), nothing),
  domainReset: remote('DOMAIN_RESET', 245, domainFlags('remote_domain_reset_args'), nothing),
  domainDestroy: remote('DOMAIN_DESTROY_FLAGS', 234, domainFlags('remote_domain_destroy_flags_args'), nothing),
  domainUndefine: remote('DOMAIN_UNDEFINE_FLAGS', 231, domainFlags('remote_domain_undefine_flags_args'), nothing),
  domainSave: remote(
    'DOMAIN_SAVE_FLAGS',
    232,
    struct('remote_domain_save_flags_args', { dom: domainRef, to: string, dxml: optionalString, flags: uint }),
    nothing,
  ),
  domainRestore: remote(
    'DOMAIN_RESTORE_FLAGS',
    233,
    struct('remote_domain_restore_flags_args', { from: string, dxml: optionalString, flags: uint }),
    nothing,
  ),
  domainGetState: remote(
    'DOMAIN_GET_STATE',
    212,
    domainFlags('remote_domain_get_state_args'),
    struct('remote_domain_get_state_ret', { state: int, reason: int }),
  ),
  domainIsActive: remote(
    'DOMAIN_IS_ACTIVE',
    150,
    domainArgs('remote_domain_is_active_args'),
    activeRet('remote_domain_is_active_ret'),
  ),
  domainIsPersistent: remote(
    'DOMAIN_IS_PERSISTENT',
    151,
    domainArgs('remote_domain_is_persistent_args'),
    persistentRet('remote_domain_is_persistent_ret'),
  ),
  domainGetXml: remote(
    'DOMAIN_GET_XML_DESC',
    14,
    domainFlags('remote_domain_get_xml_desc_args'),
    xmlRet('remote_domain_get_xml_desc_ret'),
  ),
  domainGetMetadata: remote(
    'DOMAIN_GET_METADATA',
    265,
    struct('remote_domain_get_metadata_args', { dom: domainRef, type: int, uri: optionalString, flags: uint }),
    struct('remote_domain_get_metadata_ret', { metadata: string }),
  ),
  domainSetMetadata: remote(
    'DOMAIN_SET_METADATA',
    264,
    struct('remote_domain_set_metadata_args', {
      dom: domainRef,
      type: int,
      metadata: optionalString,
      key: optionalString,
      uri: optionalString,
      flags: uint,
    }),
    nothing,
  ),
  domainScreenshot: remote(
    'DOMAIN_SCREENSHOT',
    211,
    struct('remote_domain_screenshot_args', { dom: domainRef, screen: uint, flags: uint }),
    struct('remote_domain_screenshot_ret', { mime: optionalString }),
  ),
  domainOpenConsole: remote(
    'DOMAIN_OPEN_CONSOLE',
    201,
    struct('remote_domain_open_console_args', { dom: domainRef, dev_name: optionalString, flags: uint }),
    nothing,
  ),
  domainAttachDevice: remote(
    'DOMAIN_ATTACH_DEVICE_FLAGS',
    160,
    deviceArgs('remote_domain_attach_device_flags_args'),
    nothing,
  ),
  domainDetachDevice: remote(
    'DOMAIN_DETACH_DEVICE_FLAGS',
    161,
    deviceArgs('remote_domain_detach_device_flags_args'),
    nothing,
  ),
  domainUpdateDevice: remote(
    'DOMAIN_UPDATE_DEVICE_FLAGS',
    174,
    deviceArgs('remote_domain_update_device_flags_args'),
    nothing,
  ),
  domainGetBlockInfo: remote(
    'DOMAIN_GET_BLOCK_INFO',
    194,
    struct('remote_domain_get_block_info_args', { dom: domainRef, path: string, flags: uint }),
    struct('remote_domain_get_block_info_ret', { allocation: uhyper, capacity: uhyper, physical: uhyper }),
  ),
  domainInterfaceAddresses: remote(
    'DOMAIN_INTERFACE_ADDRESSES',
    353,
    struct('remote_domain_interface_addresses_args', { dom: domainRef, source: uint, flags: uint }),
    struct('remote_domain_interface_addresses_ret', {
      ifaces: array(
        struct('remote_domain_interface', {
          name: string,
          hwaddr: optionalString,
          addrs: array(
            struct('remote_domain_ip_addr', { type: int, addr: string, prefix: uint }),
            'REMOTE_DOMAIN_IP_ADDR_MAX',
          ),
        }),
        'REMOTE_DOMAIN_INTERFACE_MAX',
      ),
    }),
  ),
  qemuMonitorCommand: qemu(
    'DOMAIN_MONITOR_COMMAND',
    1,
    struct('qemu_domain_monitor_command_args', { dom: domainRef, cmd: string, flags: uint }),
    struct('qemu_domain_monitor_command_ret', { result: string }),
  ),
} as const

const poolCalls = {
  poolListAll: remote(
    'CONNECT_LIST_ALL_STORAGE_POOLS',
    281,
    listArgs('remote_connect_list_all_storage_pools_args'),
    struct('remote_connect_list_all_storage_pools_ret', {
      pools: array(poolRef, 'REMOTE_STORAGE_POOL_LIST_MAX'),
      ret: uint,
    }),
  ),
  poolLookupByName: remote(
    'STORAGE_POOL_LOOKUP_BY_NAME',
    84,
    nameArgs('remote_storage_pool_lookup_by_name_args'),
    poolRet('remote_storage_pool_lookup_by_name_ret'),
  ),
  poolLookupByUuid: remote(
    'STORAGE_POOL_LOOKUP_BY_UUID',
    85,
    uuidArgs('remote_storage_pool_lookup_by_uuid_args'),
    poolRet('remote_storage_pool_lookup_by_uuid_ret'),
  ),
  poolLookupByTargetPath: remote(
    'STORAGE_POOL_LOOKUP_BY_TARGET_PATH',
    391,
    struct('remote_storage_pool_lookup_by_target_path_args', { path: string }),
    poolRet('remote_storage_pool_lookup_by_target_path_ret'),
  ),
  poolDefineXml: remote(
    'STORAGE_POOL_DEFINE_XML',
    77,
    xmlFlags('remote_storage_pool_define_xml_args'),
    poolRet('remote_storage_pool_define_xml_ret'),
  ),
  poolCreateXml: remote(
    'STORAGE_POOL_CREATE_XML',
    76,
    xmlFlags('remote_storage_pool_create_xml_args'),
    poolRet('remote_storage_pool_create_xml_ret'),
  ),
  poolBuild: remote('STORAGE_POOL_BUILD', 79, poolFlags('remote_storage_pool_build_args'), nothing),
  poolCreate: remote('STORAGE_POOL_CREATE', 78, poolFlags('remote_storage_pool_create_args'), nothing),
  poolDestroy: remote('STORAGE_POOL_DESTROY', 80, poolArgs('remote_storage_pool_destroy_args'), nothing),
  poolDelete: remote('STORAGE_POOL_DELETE', 81, poolFlags('remote_storage_pool_delete_args'), nothing),
  poolUndefine: remote('STORAGE_POOL_UNDEFINE', 82, poolArgs('remote_storage_pool_undefine_args'), nothing),
  poolRefresh: remote('STORAGE_POOL_REFRESH', 83, poolFlags('remote_storage_pool_refresh_args'), nothing),
  poolSetAutostart: remote(
    'STORAGE_POOL_SET_AUTOSTART',
    90,
    struct('remote_storage_pool_set_autostart_args', { pool: poolRef, autostart: int }),
    nothing,
  ),
  poolIsActive: remote(
    'STORAGE_POOL_IS_ACTIVE',
    154,
    poolArgs('remote_storage_pool_is_active_args'),
    activeRet('remote_storage_pool_is_active_ret'),
  ),
  poolIsPersistent: remote(
    'STORAGE_POOL_IS_PERSISTENT',
    155,
    poolArgs('remote_storage_pool_is_persistent_args'),
    persistentRet('remote_storage_pool_is_persistent_ret'),
  ),
  poolGetXml: remote(
    'STORAGE_POOL_GET_XML_DESC',
    88,
    poolFlags('remote_storage_pool_get_xml_desc_args'),
    xmlRet('remote_storage_pool_get_xml_desc_ret'),
  ),
  poolGetInfo: remote(
    'STORAGE_POOL_GET_INFO',
    87,
    poolArgs('remote_storage_pool_get_info_args'),
    struct('remote_storage_pool_get_info_ret', {
      state: uchar,
      capacity: uhyper,
      allocation: uhyper,
      available: uhyper,
    }),
  ),
  poolListVolumes: remote(
    'STORAGE_POOL_LIST_ALL_VOLUMES',
    282,
    struct('remote_storage_pool_list_all_volumes_args', { pool: poolRef, need_results: int, flags: uint }),
    struct('remote_storage_pool_list_all_volumes_ret', {
      vols: array(volumeRef, 'REMOTE_STORAGE_VOL_LIST_MAX'),
      ret: uint,
    }),
  ),
} as const

const volumeCalls = {
  volumeLookupByName: remote(
    'STORAGE_VOL_LOOKUP_BY_NAME',
    95,
    struct('remote_storage_vol_lookup_by_name_args', { pool: poolRef, name: string }),
    volumeRet('remote_storage_vol_lookup_by_name_ret'),
  ),
  volumeLookupByKey: remote(
    'STORAGE_VOL_LOOKUP_BY_KEY',
    96,
    struct('remote_storage_vol_lookup_by_key_args', { key: string }),
    volumeRet('remote_storage_vol_lookup_by_key_ret'),
  ),
  volumeLookupByPath: remote(
    'STORAGE_VOL_LOOKUP_BY_PATH',
    97,
    struct('remote_storage_vol_lookup_by_path_args', { path: string }),
    volumeRet('remote_storage_vol_lookup_by_path_ret'),
  ),
  volumeCreateXml: remote(
    'STORAGE_VOL_CREATE_XML',
    93,
    struct('remote_storage_vol_create_xml_args', { pool: poolRef, xml: string, flags: uint }),
    volumeRet('remote_storage_vol_create_xml_ret'),
  ),
  volumeCreateXmlFrom: remote(
    'STORAGE_VOL_CREATE_XML_FROM',
    125,
    struct('remote_storage_vol_create_xml_from_args', { pool: poolRef, xml: string, clonevol: volumeRef, flags: uint }),
    volumeRet('remote_storage_vol_create_xml_from_ret'),
  ),
  volumeDelete: remote('STORAGE_VOL_DELETE', 94, volumeFlags('remote_storage_vol_delete_args'), nothing),
  volumeResize: remote(
    'STORAGE_VOL_RESIZE',
    260,
    struct('remote_storage_vol_resize_args', { vol: volumeRef, capacity: uhyper, flags: uint }),
    nothing,
  ),
  volumeGetPath: remote(
    'STORAGE_VOL_GET_PATH',
    100,
    volumeArgs('remote_storage_vol_get_path_args'),
    struct('remote_storage_vol_get_path_ret', { name: string }),
  ),
  volumeGetXml: remote(
    'STORAGE_VOL_GET_XML_DESC',
    99,
    volumeFlags('remote_storage_vol_get_xml_desc_args'),
    xmlRet('remote_storage_vol_get_xml_desc_ret'),
  ),
  volumeGetInfo: remote(
    'STORAGE_VOL_GET_INFO',
    98,
    volumeArgs('remote_storage_vol_get_info_args'),
    struct('remote_storage_vol_get_info_ret', { type: char, capacity: uhyper, allocation: uhyper }),
  ),
  volumeUpload: remote('STORAGE_VOL_UPLOAD', 208, transferArgs('remote_storage_vol_upload_args'), nothing),
  volumeDownload: remote('STORAGE_VOL_DOWNLOAD', 209, transferArgs('remote_storage_vol_download_args'), nothing),
} as const

const networkCalls = {
  networkListAll: remote(
    'CONNECT_LIST_ALL_NETWORKS',
    283,
    listArgs('remote_connect_list_all_networks_args'),
    struct('remote_connect_list_all_networks_ret', { nets: array(networkRef, 'REMOTE_NETWORK_LIST_MAX'), ret: uint }),
  ),
  networkLookupByName: remote(
    'NETWORK_LOOKUP_BY_NAME',
    46,
    nameArgs('remote_network_lookup_by_name_args'),
    networkRet('remote_network_lookup_by_name_ret'),
  ),
  networkLookupByUuid: remote(
    'NETWORK_LOOKUP_BY_UUID',
    47,
    uuidArgs('remote_network_lookup_by_uuid_args'),
    networkRet('remote_network_lookup_by_uuid_ret'),
  ),
  networkDefineXml: remote(
    'NETWORK_DEFINE_XML',
    41,
    xmlArgs('remote_network_define_xml_args'),
    networkRet('remote_network_define_xml_ret'),
  ),
  networkCreate: remote('NETWORK_CREATE', 39, networkArgs('remote_network_create_args'), nothing),
  networkDestroy: remote('NETWORK_DESTROY', 42, networkArgs('remote_network_destroy_args'), nothing),
  networkUndefine: remote('NETWORK_UNDEFINE', 49, networkArgs('remote_network_undefine_args'), nothing),
  networkGetXml: remote(
    'NETWORK_GET_XML_DESC',
    43,
    struct('remote_network_get_xml_desc_args', { net: networkRef, flags: uint }),
    xmlRet('remote_network_get_xml_desc_ret'),
  ),
  networkGetBridgeName: remote(
    'NETWORK_GET_BRIDGE_NAME',
    45,
    networkArgs('remote_network_get_bridge_name_args'),
    nameArgs('remote_network_get_bridge_name_ret'),
  ),
  networkSetAutostart: remote(
    'NETWORK_SET_AUTOSTART',
    48,
    struct('remote_network_set_autostart_args', { net: networkRef, autostart: int }),
    nothing,
  ),
  networkIsActive: remote(
    'NETWORK_IS_ACTIVE',
    152,
    networkArgs('remote_network_is_active_args'),
    activeRet('remote_network_is_active_ret'),
  ),
  networkIsPersistent: remote(
    'NETWORK_IS_PERSISTENT',
    153,
    networkArgs('remote_network_is_persistent_args'),
    persistentRet('remote_network_is_persistent_ret'),
  ),
} as const

/** Every call, under our names. */
export const procedures = { ...connectCalls, ...domainCalls, ...poolCalls, ...volumeCalls, ...networkCalls } as const

/** Messages that the daemon sends by itself: the number and the structure. */
export const events = {
  domainLifecycle: {
    program: programs.REMOTE_PROGRAM,
    name: 'DOMAIN_EVENT_CALLBACK_LIFECYCLE',
    number: 318,
    message: struct('remote_domain_event_callback_lifecycle_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_lifecycle_msg', { dom: domainRef, event: int, detail: int }),
    }),
  },
} as const
