import { element, toXml } from './xml.ts'

/** A snapshot of libvirt's with memory and disks in files; optical drives, which nobody writes, are left out. */
export function memorySnapshotXml(
  memoryPath: string,
  disks: readonly { readonly target: string; readonly path: string }[],
  opticalTargets: readonly string[],
): string {
  return toXml(
    element(
      'domainsnapshot',
      {},
      element('memory', { snapshot: 'external', file: memoryPath }),
      element(
        'disks',
        {},
        ...disks.map(({ target, path }) =>
          element(
            'disk',
            { name: target, snapshot: 'external', type: 'file' },
            element('driver', { type: 'qcow2' }),
            element('source', { file: path }),
          ),
        ),
        ...opticalTargets.map((target) => element('disk', { name: target, snapshot: 'no' })),
      ),
    ),
  )
}
