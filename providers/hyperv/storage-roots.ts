/** The folders in which folders of machines were made: where gc looks for what no machine names any more. */
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import { allMachines } from './machines.ts'
import { pathsOf, runIdOfName } from './names.ts'
import type { Session } from './session.ts'

const key = 'storage-roots'

export async function rememberRoot(session: Session, root: string, call: Call): Promise<void> {
  const { hostFacts, sharedLock } = session.context
  await sharedLock(`storage roots ${session.choice.host}`, call, async () => {
    const known = await remembered(session)
    if (!known.includes(root)) await hostFacts.set(key, [...known, root])
  })
}

/** Those that were remembered, `usual`, and those of the machines that are there. */
export async function storageRoots(session: Session, usual: string, call: Call): Promise<readonly string[]> {
  const paths = pathsOf(await session.hello(call))
  const used = (await allMachines(session, call))
    .map(({ config }) => config.path)
    .filter((folder) => runIdOfName(paths.basename(folder)) !== undefined)
    .map((folder) => paths.dirname(folder))
  return unique([usual, ...(await remembered(session)), ...used], paths)
}

async function remembered({ context }: Session): Promise<readonly string[]> {
  const value = await context.hostFacts.get(key)
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** Windows' paths are the same without regard to case. */
function unique(folders: readonly string[], paths: path.PlatformPath): readonly string[] {
  const same = (folder: string): string => (paths === path.win32 ? folder.toLowerCase() : folder)
  const byKey = new Map(folders.map((folder) => [same(paths.resolve(folder)), folder]))
  return [...byKey.values()]
}
