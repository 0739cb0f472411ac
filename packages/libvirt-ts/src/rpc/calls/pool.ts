/** Calls about storage pools. */
import { array, int, nothing, string, struct, uchar, uhyper, uint } from '../codec.ts'
import {
  activeRet,
  autostartRet,
  callbackId,
  listArgs,
  nameArgs,
  optionalPool,
  persistentRet,
  poolArgs,
  poolFlags,
  poolRef,
  remote,
  uuidArgs,
  volumeRef,
  xmlArgs,
  xmlFlags,
} from '../shapes.ts'

export const poolCalls = {
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
    poolArgs('remote_storage_pool_lookup_by_name_ret'),
  ),
  poolLookupByUuid: remote(
    'STORAGE_POOL_LOOKUP_BY_UUID',
    85,
    uuidArgs('remote_storage_pool_lookup_by_uuid_args'),
    poolArgs('remote_storage_pool_lookup_by_uuid_ret'),
  ),
  poolLookupByTargetPath: remote(
    'STORAGE_POOL_LOOKUP_BY_TARGET_PATH',
    391,
    struct('remote_storage_pool_lookup_by_target_path_args', { path: string }),
    poolArgs('remote_storage_pool_lookup_by_target_path_ret'),
  ),
  poolDefineXml: remote(
    'STORAGE_POOL_DEFINE_XML',
    77,
    xmlFlags('remote_storage_pool_define_xml_args'),
    poolArgs('remote_storage_pool_define_xml_ret'),
  ),
  poolCreateXml: remote(
    'STORAGE_POOL_CREATE_XML',
    76,
    xmlFlags('remote_storage_pool_create_xml_args'),
    poolArgs('remote_storage_pool_create_xml_ret'),
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
    xmlArgs('remote_storage_pool_get_xml_desc_ret'),
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
  poolGetAutostart: remote(
    'STORAGE_POOL_GET_AUTOSTART',
    89,
    poolArgs('remote_storage_pool_get_autostart_args'),
    autostartRet('remote_storage_pool_get_autostart_ret'),
  ),
  poolEventRegister: remote(
    'CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY',
    368,
    struct('remote_connect_storage_pool_event_register_any_args', { eventID: int, pool: optionalPool }),
    callbackId('remote_connect_storage_pool_event_register_any_ret'),
  ),
  poolEventDeregister: remote(
    'CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY',
    369,
    callbackId('remote_connect_storage_pool_event_deregister_any_args'),
    nothing,
  ),
} as const
