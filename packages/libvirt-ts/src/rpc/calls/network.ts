/** Calls about virtual networks. */
import { array, int, nothing, struct, uint } from '../codec.ts'
import {
  activeRet,
  listArgs,
  nameArgs,
  networkArgs,
  networkRef,
  networkRet,
  persistentRet,
  remote,
  uuidArgs,
  xmlArgs,
  xmlRet,
} from '../shapes.ts'

export const networkCalls = {
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
