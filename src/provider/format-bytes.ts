const units = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

/** A size as a spec writes it where it is whole (`4GiB`), else with one decimal (`1.4 GiB`) or in bytes. */
export function formatBytes(bytes: number): string {
  for (const [name, size] of units) {
    if (bytes >= size && bytes % size === 0) return `${String(bytes / size)}${name}`
  }
  for (const [name, size] of units) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${name}`
  }
  return `${String(bytes)} bytes`
}
