/** The folders in which machines were made: where gc looks for what no machine names any more. */
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { Session } from './session.ts'

const key = 'storage-roots'

/** Before anything is made there. */
export async function rememberRoot({ context }: Session, root: string, call: Call): Promise<void> {
  const { hostFacts, sharedLock } = context
  await sharedLock('storage roots of VirtualBox', call, async () => {
    const known = await rememberedRoots(context)
    if (!known.includes(path.normalize(root))) await hostFacts.set(key, [...known, path.normalize(root)])
  })
}

export async function rememberedRoots({
  hostFacts,
}: Pick<Session['context'], 'hostFacts'>): Promise<readonly string[]> {
  const value = await hostFacts.get(key)
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
