import { readFile } from 'node:fs/promises'

/** The processes below `pid`, at any depth, whose command has this name. */
export async function allBelow(pid: number, command: string): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const found: number[] = []
  for (const child of children
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)) {
    const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')
    if (name.trim() === command) found.push(child)
    found.push(...(await allBelow(child, command)))
  }
  return found
}

/** The first of them; undefined where there is none. */
export async function findBelow(pid: number, command: string): Promise<number | undefined> {
  return (await allBelow(pid, command))[0]
}
