/** What one `up` may ask of its hypervisor: how often, and what for. */
export interface CallOfUp {
  /** As the trace names it: `Start-VM`, `controlvm resume`. */
  readonly call: string
  readonly times: number
  readonly why: string
}

/** How often each is to be made. */
export function asCounts(calls: readonly CallOfUp[]): Readonly<Record<string, number>> {
  return Object.fromEntries(calls.map(({ call, times }) => [call, times]))
}

/** How often each was made. */
export function countNames(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
