/** A size for people, rounded: `1.4 GiB`. What must be exact says bytes. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let index = 0
  for (; value >= 1024 && index < units.length - 1; index++) value /= 1024
  return `${index === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[index]}`
}
