import { element, toXml } from './xml.ts'

/** A directory pool. 0711: QEMU's user passes through it, nobody lists it. */
export function poolXml(name: string, path: string): string {
  const permissions = element('permissions', {}, element('mode', {}, '0711'))
  return toXml(
    element(
      'pool',
      { type: 'dir' },
      element('name', {}, name),
      element('target', {}, element('path', {}, path), permissions),
    ),
  )
}

/** A pool that only looks at a folder that is there: no permissions are set. */
export function lookPoolXml(name: string, path: string): string {
  return toXml(
    element('pool', { type: 'dir' }, element('name', {}, name), element('target', {}, element('path', {}, path))),
  )
}

/** In libvirt's words; `vpc` is a VHD. */
export type VolumeFormat = 'qcow2' | 'raw' | 'vpc' | 'vmdk' | 'vdi'

export function volumeXml(name: string, sizeBytes: number, format: VolumeFormat): string {
  return toXml(
    element(
      'volume',
      {},
      element('name', {}, name),
      element('capacity', { unit: 'bytes' }, String(sizeBytes)),
      // A raw volume would else be written full of zeros first.
      element('allocation', { unit: 'bytes' }, '0'),
      element('target', {}, element('format', { type: format })),
    ),
  )
}

/** A qcow2 volume that holds only what differs from the one at `backingPath`. */
export function overlayXml(name: string, sizeBytes: number, backingPath: string): string {
  return toXml(
    element(
      'volume',
      {},
      element('name', {}, name),
      element('capacity', { unit: 'bytes' }, String(sizeBytes)),
      element('target', {}, element('format', { type: 'qcow2' })),
      element('backingStore', {}, element('path', {}, backingPath), element('format', { type: 'qcow2' })),
    ),
  )
}
