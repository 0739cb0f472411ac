import { chmodSync } from 'node:fs'

/** Debian's nobody. */
const nobody = 65534

/**
 * Runs `work` as a user who owns nothing, where the tests run as root: root may read everything, so what happens
 * without the right to read could not be tried. `folder` is opened for others to pass. Everybody else: as they are.
 */
export async function asNobody<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0 || !process.seteuid) return await work()
  chmodSync(folder, 0o755)
  process.seteuid(nobody)
  try {
    return await work()
  } finally {
    process.seteuid(0)
  }
}
