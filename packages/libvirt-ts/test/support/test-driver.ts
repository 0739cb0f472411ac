/** A domain of libvirt's test driver. */
export function domainXml(name: string, uuid?: string): string {
  const id = uuid === undefined ? '' : `<uuid>${uuid}</uuid>`
  return `<domain type='test'><name>${name}</name>${id}<memory unit='MiB'>32</memory><os><type>hvm</type></os></domain>`
}
