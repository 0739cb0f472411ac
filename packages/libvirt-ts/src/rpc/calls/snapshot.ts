/** Calls about snapshots of domains. */
import { array, int, nothing, string, struct, uint } from '../codec.ts'
import { domainFlags, domainRef, remote, snapshotRef, xmlArgs } from '../shapes.ts'

const snapshotFlags = (name: string) => struct(name, { snap: snapshotRef, flags: uint })
const snapshotRet = (name: string) => struct(name, { snap: snapshotRef })

export const snapshotCalls = {
  snapshotCreateXml: remote(
    'DOMAIN_SNAPSHOT_CREATE_XML',
    185,
    struct('remote_domain_snapshot_create_xml_args', { dom: domainRef, xml_desc: string, flags: uint }),
    snapshotRet('remote_domain_snapshot_create_xml_ret'),
  ),
  snapshotListAll: remote(
    'DOMAIN_LIST_ALL_SNAPSHOTS',
    274,
    struct('remote_domain_list_all_snapshots_args', { dom: domainRef, need_results: int, flags: uint }),
    struct('remote_domain_list_all_snapshots_ret', {
      snapshots: array(snapshotRef, 'REMOTE_DOMAIN_SNAPSHOT_LIST_MAX'),
      ret: int,
    }),
  ),
  snapshotLookupByName: remote(
    'DOMAIN_SNAPSHOT_LOOKUP_BY_NAME',
    189,
    struct('remote_domain_snapshot_lookup_by_name_args', { dom: domainRef, name: string, flags: uint }),
    snapshotRet('remote_domain_snapshot_lookup_by_name_ret'),
  ),
  snapshotCurrent: remote(
    'DOMAIN_SNAPSHOT_CURRENT',
    191,
    domainFlags('remote_domain_snapshot_current_args'),
    snapshotRet('remote_domain_snapshot_current_ret'),
  ),
  snapshotGetXml: remote(
    'DOMAIN_SNAPSHOT_GET_XML_DESC',
    186,
    snapshotFlags('remote_domain_snapshot_get_xml_desc_args'),
    xmlArgs('remote_domain_snapshot_get_xml_desc_ret'),
  ),
  snapshotGetParent: remote(
    'DOMAIN_SNAPSHOT_GET_PARENT',
    244,
    snapshotFlags('remote_domain_snapshot_get_parent_args'),
    snapshotRet('remote_domain_snapshot_get_parent_ret'),
  ),
  snapshotListChildren: remote(
    'DOMAIN_SNAPSHOT_LIST_ALL_CHILDREN',
    275,
    struct('remote_domain_snapshot_list_all_children_args', { snapshot: snapshotRef, need_results: int, flags: uint }),
    struct('remote_domain_snapshot_list_all_children_ret', {
      snapshots: array(snapshotRef, 'REMOTE_DOMAIN_SNAPSHOT_LIST_MAX'),
      ret: int,
    }),
  ),
  snapshotIsCurrent: remote(
    'DOMAIN_SNAPSHOT_IS_CURRENT',
    271,
    snapshotFlags('remote_domain_snapshot_is_current_args'),
    struct('remote_domain_snapshot_is_current_ret', { current: int }),
  ),
  snapshotHasMetadata: remote(
    'DOMAIN_SNAPSHOT_HAS_METADATA',
    272,
    snapshotFlags('remote_domain_snapshot_has_metadata_args'),
    struct('remote_domain_snapshot_has_metadata_ret', { metadata: int }),
  ),
  snapshotRevert: remote(
    'DOMAIN_REVERT_TO_SNAPSHOT',
    192,
    snapshotFlags('remote_domain_revert_to_snapshot_args'),
    nothing,
  ),
  snapshotDelete: remote('DOMAIN_SNAPSHOT_DELETE', 193, snapshotFlags('remote_domain_snapshot_delete_args'), nothing),
} as const
