const units = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

/** A size as a spec writes it, where it is whole (`4GiB`); else rounded as {@link roughBytes}. */
export function formatBytes(bytes: number): string {
  const whole = units.find(([, size]) => bytes >= size && bytes % size === 0)
  return whole ? `${bytes / whole[1]}${whole[0]}` : roughBytes(bytes)
}

/** A size for people: `1.4 GiB`, `512 MiB`. For what was measured, not said. */
export function roughBytes(bytes: number): string {
  const unit = units.find(([, size]) => bytes >= size)
  if (!unit) return `${Math.round(bytes)} bytes`
  const value = bytes / unit[1]
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${unit[0]}`
}
