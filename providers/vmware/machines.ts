/** Machines as their .vmx files say. VMware itself keeps no list of them: the folders in which they are made are read. */
import { readdir, readFile } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { machineGone, notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { hasCode, readJsonFile } from '../../src/store/atomic-file.ts'
import { writeMachineFile } from './machine-files.ts'
import { isMarkOf, markIn, type Note } from './mark-line.ts'
import { noteFile, pathsOf } from './names.ts'
import { allRoots } from './roots.ts'
import type { Session } from './session.ts'
import { VmxFile } from './vmx-file.ts'

/** A machine of the host, ours or not. */
export interface FoundMachine {
  /** Core's id where the machine carries its own mark, else the path of its .vmx. */
  readonly ref: MachineRef
  readonly file: string
  readonly folder: string
  readonly vmx: VmxFile
  readonly note: Note
  /** Also that of a copy, which names another file. */
  readonly mark: Mark | undefined
}

/** A machine with a mark of its own. */
export type OwnMachine = FoundMachine & { readonly mark: Mark }

export function isOwn(session: Session, machine: FoundMachine): machine is OwnMachine {
  return machine.mark !== undefined && isMarkOf(machine.mark, machine.file, session.platform)
}

export function throwIfAborted({ signal }: Call): void {
  if (signal.aborted) throw new AzlVmError('cancelled', 'interrupted before VMware was asked')
}

/** Every machine in the folders for machines. */
export async function allMachines(session: Session, call: Call): Promise<readonly FoundMachine[]> {
  throwIfAborted(call)
  const files = await Promise.all((await allRoots(session)).map((root) => vmxFilesIn(session, root)))
  const machines = await Promise.all(files.flat().map((file) => readMachine(session, file)))
  return machines.filter((machine) => machine !== undefined)
}

/** The folders directly in a folder for machines; none where it is not there. */
export async function foldersIn(session: Session, root: string): Promise<readonly string[]> {
  const paths = pathsOf(session.platform)
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw unreadable(root, error)
  })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => paths.join(root, name))
}

async function vmxFilesIn(session: Session, root: string): Promise<readonly string[]> {
  const folders = await foldersIn(session, root)
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => [])
      return names.filter((name) => /\.vmx$/i.test(name)).map((name) => pathsOf(session.platform).join(folder, name))
    }),
  )
  return files.flat()
}

/** Undefined where there is none (any more), or nothing that can be read as one. */
export async function readMachine(session: Session, file: string): Promise<FoundMachine | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw unreadable(file, error)
  }
  const paths = pathsOf(session.platform)
  const folder = paths.dirname(file)
  const vmx = VmxFile.parse(text)
  const note = ((await readJsonFile(paths.join(folder, noteFile))) ?? {}) as Note
  const mark = markIn(vmx, note)
  const isItsOwn = mark !== undefined && isMarkOf(mark, file, session.platform)
  const name = vmx.get('displayName') ?? paths.basename(file).replace(/\.vmx$/i, '')
  return { ref: { name, id: isItsOwn ? mark.machineId : file }, file, folder, vmx, note, mark }
}

function unreadable(path: string, cause: unknown): AzlVmError {
  const code = hasCode(cause, 'EACCES', 'EPERM') ? 'permission-denied' : 'backend-failed'
  return new AzlVmError(code, `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
    hint: 'Look whose it is: machines of VMware belong to the user who made them.',
  })
}

/** Undefined where there is none of this id. */
export async function findMachine(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine | undefined> {
  throwIfAborted(call)
  const isFile = pathsOf(session.platform).isAbsolute(ref.id)
  const known = isFile ? ref.id : session.vmxFiles.get(ref.id)
  const there = known === undefined ? undefined : await readMachine(session, known)
  if (there?.ref.id === ref.id || isFile) return there
  const found = (await allMachines(session, call)).find((machine) => machine.ref.id === ref.id)
  if (found) session.vmxFiles.set(ref.id, found.file)
  else session.vmxFiles.delete(ref.id)
  return found
}

/** The machine; throws machine-not-found. */
export async function requireMachine(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine> {
  const machine = await findMachine(session, ref, call)
  if (machine) return machine
  throw machineGone(ref)
}

/** The machine; throws machine-not-found, and not-owned where it carries no mark that names it. */
export async function requireOwnMachine(session: Session, ref: MachineRef, call: Call): Promise<OwnMachine> {
  const machine = await requireMachine(session, ref, call)
  if (isOwn(session, machine)) return machine
  throw notOwned(ref)
}

/** Writes a machine's .vmx anew; only while VMware has not got it in its memory. */
export async function writeVmx({ file }: Pick<FoundMachine, 'file'>, vmx: VmxFile): Promise<void> {
  await writeMachineFile(file, vmx.toString())
}

/** Writes what is noted beside the .vmx anew, by what it is now. */
export async function changeNote(
  session: Session,
  { folder, note }: Pick<FoundMachine, 'folder' | 'note'>,
  change: Note,
): Promise<void> {
  const mark = change.mark === undefined ? note.mark : { ...note.mark, ...change.mark }
  const changed: Note = { ...note, ...change, ...(mark === undefined ? {} : { mark }) }
  await writeMachineFile(pathsOf(session.platform).join(folder, noteFile), JSON.stringify(changed))
}
