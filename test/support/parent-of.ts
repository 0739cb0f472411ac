import { readFile } from 'node:fs/promises'

/** The process that began another, of Linux. */
export async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'latin1')
  // 4711 (node) S 4710 ...: a name may hold anything, also parentheses.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
