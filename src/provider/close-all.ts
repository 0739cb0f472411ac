/** Closes each in their order, also after one that fails; rejects with the first failure when all were tried. */
export async function closeAll(closable: Iterable<{ close(): Promise<void> }>): Promise<void> {
  const failures: unknown[] = []
  for (const each of closable) await each.close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
