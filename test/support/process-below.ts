import { readFile } from 'node:fs/promises'

/** The first process below `pid`, at any depth, whose command has this name. */
export async function findBelow(pid: number, command: string): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  for (const child of children
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)) {
    const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')
    if (name.trim() === command) return child
    const found = await findBelow(child, command)
    if (found !== undefined) return found
  }
  return undefined
}
