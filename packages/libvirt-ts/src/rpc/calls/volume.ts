/** Calls about storage volumes. */
import { char, nothing, string, struct, uhyper, uint } from '../codec.ts'
import { poolRef, remote, transferArgs, volumeArgs, volumeFlags, volumeRef, xmlArgs } from '../shapes.ts'

export const volumeCalls = {
  volumeLookupByName: remote(
    'STORAGE_VOL_LOOKUP_BY_NAME',
    95,
    struct('remote_storage_vol_lookup_by_name_args', { pool: poolRef, name: string }),
    volumeArgs('remote_storage_vol_lookup_by_name_ret'),
  ),
  volumeLookupByKey: remote(
    'STORAGE_VOL_LOOKUP_BY_KEY',
    96,
    struct('remote_storage_vol_lookup_by_key_args', { key: string }),
    volumeArgs('remote_storage_vol_lookup_by_key_ret'),
  ),
  volumeLookupByPath: remote(
    'STORAGE_VOL_LOOKUP_BY_PATH',
    97,
    struct('remote_storage_vol_lookup_by_path_args', { path: string }),
    volumeArgs('remote_storage_vol_lookup_by_path_ret'),
  ),
  volumeCreateXml: remote(
    'STORAGE_VOL_CREATE_XML',
    93,
    struct('remote_storage_vol_create_xml_args', { pool: poolRef, xml: string, flags: uint }),
    volumeArgs('remote_storage_vol_create_xml_ret'),
  ),
  volumeCreateXmlFrom: remote(
    'STORAGE_VOL_CREATE_XML_FROM',
    125,
    struct('remote_storage_vol_create_xml_from_args', { pool: poolRef, xml: string, clonevol: volumeRef, flags: uint }),
    volumeArgs('remote_storage_vol_create_xml_from_ret'),
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
    xmlArgs('remote_storage_vol_get_xml_desc_ret'),
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
