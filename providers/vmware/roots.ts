/** The folders in which machines are: VMware's own for this user, and those that specs named. */
import { readFile } from 'node:fs/promises'
import { rm } from 'node:fs/promises'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { readJsonFile } from '../../src/store/atomic-file.ts'
import { writeMachineFile } from './machine-files.ts'
import { isSamePath, pathsOf, rootsFile } from './names.ts'
import type { Session } from './session.ts'
import { VmxFile } from './vmx-file.ts'

/** The folder that VMware's window offers for a new machine: as its user set it, else as it comes. */
export async function defaultRoot({ env, platform }: ProviderContext): Promise<string> {
  const paths = pathsOf(platform)
  const home = env['HOME'] ?? env['USERPROFILE'] ?? ''
  if (platform === 'darwin') return paths.join(home, 'Virtual Machines.localized')
  const preferences =
    platform === 'win32'
      ? paths.join(env['APPDATA'] ?? paths.join(home, 'AppData', 'Roaming'), 'VMware', 'preferences.ini')
      : paths.join(home, '.vmware', 'preferences')
  const text = await readFile(preferences, 'utf8').catch(() => '')
  const named = VmxFile.parse(text).get('prefvmx.defaultVMPath') ?? ''
  if (named !== '') return named
  return platform === 'win32' ? paths.join(home, 'Documents', 'Virtual Machines') : paths.join(home, 'vmware')
}

/** All of them, the default one first. */
export async function allRoots(session: Session): Promise<readonly string[]> {
  const usual = await defaultRoot(session.context)
  return [usual, ...(await otherRoots(session, usual))]
}

async function otherRoots(session: Session, usual: string): Promise<readonly string[]> {
  const value = await readJsonFile(indexIn(session, usual))
  const named = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  return named.filter((root) => !isSamePath(root, usual, session.platform))
}

function indexIn({ platform }: Session, usual: string): string {
  return pathsOf(platform).join(usual, rootsFile)
}

/** Before anything is there: gc looks for machines in the places that it knows, also without any state folder. */
export async function rememberRoot(session: Session, root: string, call: Call): Promise<void> {
  const usual = await defaultRoot(session.context)
  await session.context.sharedLock('folders of VMware machines', call, async () => {
    const known = await otherRoots(session, usual)
    if ([usual, ...known].some((each) => isSamePath(each, root, session.platform))) return
    await writeMachineFile(indexIn(session, usual), JSON.stringify([...known, root]))
  })
}

/** Forgets those that `isUsed` says no to; returns what was removed. */
export async function forgetRoots(
  session: Session,
  isUsed: (root: string) => boolean,
  call: Call,
): Promise<readonly string[]> {
  const usual = await defaultRoot(session.context)
  const index = indexIn(session, usual)
  return await session.context.sharedLock('folders of VMware machines', call, async () => {
    const known = await otherRoots(session, usual)
    const left = known.filter(isUsed)
    if (left.length === known.length) return []
    if (left.length === 0) await rm(index, { force: true })
    else await writeMachineFile(index, JSON.stringify(left))
    return left.length === 0 ? [index] : []
  })
}
