/** VirtualBox's machines: all of them by one listing, one by its UUID; what they are stands in their settings files. */
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { machineGone, notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { failureOf, objectNotFound, resultCode } from './errors.ts'
import { isMarkOf, markIn } from './mark-text.ts'
import { controller } from './names.ts'
import type { Session } from './session.ts'
import { readSettings, type DiskAttachment, type Hardware, type MachineSettings } from './settings-file.ts'

/** A machine of the host, ours or not. */
export interface FoundMachine {
  readonly ref: MachineRef
  /** Also that of a copy, which names another machine. */
  readonly mark: Mark | undefined
  /** VirtualBox's own word for the power state, as `showvminfo --machinereadable` has it: `poweroff`. */
  readonly state: string
  /** The folder with all its files. */
  readonly folder: string
  readonly settings: MachineSettings
  readonly secureBoot: boolean
  /** Of media that the machine's settings name by UUID alone. */
  readonly paths: ReadonlyMap<string, string>
}

/** A machine with a mark of its own. */
export type OwnMachine = FoundMachine & { readonly mark: Mark }

export function isOwn<M extends Pick<FoundMachine, 'ref' | 'mark'>>(
  machine: M,
): machine is M & { readonly mark: Mark } {
  return machine.mark !== undefined && isMarkOf(machine.mark, machine.ref.id)
}

const uuidPattern = String.raw`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

/**
 * `list --long vms` tells of each machine its UUID, then the line after it its settings file; the words before the
 * colons are translated, and a description may hold anything, so what is there is read from the settings file.
 *
 *     UUID:                        11111111-2222-4333-8444-555555555555
 *     Config file:                 /home/me/VirtualBox VMs/t1/t1.vbox
 */
const entryPattern = new RegExp(String.raw`^[^:\n]+: +(${uuidPattern})\r?\n[^:\n]+: +(.+\.vbox)\r?$`, 'gm')
const statePattern = /^[^:\n]+: +([^\n(]+?) \([^()\n]*\d{4}-\d\d-\d\dT[\d:.]+\)\r?$/m // State:     powered off (since 2026-11-29T07:11:47.242000000)
const secureBootPattern = /^UEFI Secure Boot: +enabled/m
const imagePattern = new RegExp(String.raw`UUID: (${uuidPattern})\r?\n +[^:\n]+: "(.*)"\r?$`, 'gm') //   Port 1, Unit 0: UUID: …\n    Location: "/iso/a.iso"

/** Every machine of the host that VirtualBox can read, in the order in which they were registered. */
export async function allMachines(session: Session, call: Call): Promise<readonly FoundMachine[]> {
  const text = await session.manage(['list', '--long', 'vms'], { action: 'list the machines' }, call)
  const entries = [...text.matchAll(entryPattern)]
  const found = await Promise.all(
    entries.map(async ([, uuid = '', file = ''], index) => {
      const settings = await readSettings(file)
      // Somebody's description may look like a machine.
      if (settings?.uuid !== uuid) return undefined
      const entry = text.slice(entries[index]?.index, entries[index + 1]?.index)
      const state = stateWord(statePattern.exec(entry)?.[1] ?? '')
      const isKnown = state !== undefined && hasAllPaths(settings, pathsIn(entry))
      session.settingsFiles.set(uuid, file)
      if (!isKnown) return await findMachine(session, { name: settings.name, id: uuid }, call)
      return foundIn(settings, file, state, secureBootPattern.test(entry), pathsIn(entry))
    }),
  )
  const machines = found
    .filter((each) => each !== undefined)
    .filter((machine, index, all) => all.findIndex(({ ref }) => ref.id === machine.ref.id) === index)
  session.noteListed(machines)
  return machines
}

function pathsIn(entry: string): ReadonlyMap<string, string> {
  return new Map([...entry.matchAll(imagePattern)].map(([, uuid = '', file = '']) => [uuid, file]))
}

function hasAllPaths({ hardware, images, media }: MachineSettings, paths: ReadonlyMap<string, string>): boolean {
  const known = new Set([...images.keys(), ...media.map(({ uuid }) => uuid), ...paths.keys()])
  return attachedTo(hardware).every(({ uuid }) => known.has(uuid))
}

function attachedTo({ disks, drives }: Hardware): readonly DiskAttachment[] {
  return [...disks, ...drives.flatMap(({ port, uuid }) => (uuid === undefined ? [] : [{ port, uuid }]))]
}

/** One machine; undefined where there is none of this UUID. */
export async function findMachine(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine | undefined> {
  const action = `read ${ref.name}`
  const result = await session.unlessPassing(call, async () => {
    const asked = await session.attempt(['showvminfo', ref.id, '--machinereadable'], { action }, call)
    if (asked.exitCode === 0 || resultCode(asked) === objectNotFound) return asked
    throw failureOf(asked, action)
  })
  if (result.exitCode !== 0) return undefined
  const info = result.stdout
  const file = valueOf(info, 'CfgFile')
  const state = valueOf(info, 'VMState')
  if (file === undefined || state === undefined)
    throw new AzlVmError('bad-reply', `VBoxManage did not say where "${ref.name}" is, or what it does`, {
      evidence: info.split('\n').slice(0, 20),
    })
  const settings = await readSettings(file)
  // It was removed meanwhile.
  if (!settings) return undefined
  session.settingsFiles.set(ref.id, file)
  const paths = new Map(
    attachedTo(settings.hardware).flatMap(({ port, uuid }) => {
      const image = imageAt(info, port)
      return image === undefined ? [] : [[uuid, image] as const]
    }),
  )
  return foundIn(settings, file, state, valueOf(info, 'SecureBoot') === 'on', paths)
}

function foundIn(
  settings: MachineSettings,
  file: string,
  state: string,
  secureBoot: boolean,
  paths: ReadonlyMap<string, string>,
): FoundMachine {
  return { ...describedIn(settings, file), state, secureBoot, paths }
}

function describedIn(settings: MachineSettings, file: string): DescribedMachine {
  const ref = { name: settings.name, id: settings.uuid }
  return { ref, mark: markIn(settings), folder: path.dirname(file), settings }
}

/** The first value of a key in `--machinereadable` text; quotes and backslashes in it are escaped. */
function valueOf(info: string, key: string): string | undefined {
  const match = new RegExp(`^${key}="((?:[^"\\\\]|\\\\.)*)"`, 'm').exec(info) // CfgFile="C:\\Users\\me\\a.vbox"
  return match?.[1]?.replaceAll(/\\(.)/g, '$1')
}

function imageAt(info: string, port: number): string | undefined {
  const match = new RegExp(`^"${controller}-${String(port)}-0"="((?:[^"\\\\]|\\\\.)*)"`, 'm').exec(info) // "SATA-1-0"="/iso/a.iso"
  return match?.[1]?.replaceAll(/\\(.)/g, '$1')
}

/** VirtualBox's words in `list --long` as in `--machinereadable` (machineStateToName in VBoxManageInfo.cpp). */
const stateWords: ReadonlyMap<string, string> = new Map([
  ['powered off', 'poweroff'],
  ['saved', 'saved'],
  ['aborted', 'aborted'],
  ['aborted-saved', 'aborted-saved'],
  ['running', 'running'],
  ['paused', 'paused'],
  ['guru meditation', 'gurumeditation'],
  ['starting', 'starting'],
  ['stopping', 'stopping'],
  ['saving', 'saving'],
  ['restoring', 'restoring'],
])

/** Undefined for a word that is translated, or rare: then it is asked for by itself. */
function stateWord(text: string): string | undefined {
  return stateWords.get(text)
}

/** The machine; throws machine-not-found. */
export async function requireMachine(session: Session, ref: MachineRef, call: Call): Promise<FoundMachine> {
  const machine = await findMachine(session, ref, call)
  if (machine) return machine
  throw machineGone(ref)
}

/** What a machine's settings file tells of it: all but what it is doing. */
export type DescribedMachine = Pick<FoundMachine, 'ref' | 'mark' | 'folder' | 'settings'>

/** The machine as its settings file has it, for which VirtualBox is asked only where the file is not known; throws machine-not-found. */
export async function requireDescribed(session: Session, ref: MachineRef, call: Call): Promise<DescribedMachine> {
  const file = session.settingsFiles.get(ref.id)
  const settings = file === undefined ? undefined : await readSettings(file)
  // A machine that is gone leaves no file; only VirtualBox knows whether it was moved.
  if (file === undefined || settings?.uuid !== ref.id) return await requireMachine(session, ref, call)
  return describedIn(settings, file)
}

/** What is known unasked of a machine that this session made and did not start: it is off. Undefined of any other. */
export async function unstartedMachine(
  session: Session,
  ref: MachineRef,
  call: Call,
): Promise<(DescribedMachine & Pick<FoundMachine, 'state'>) | undefined> {
  if (!session.unstarted.has(ref.id)) return undefined
  // Where it had to be asked for after all, that counts.
  return { state: 'poweroff', ...(await requireDescribed(session, ref, call)) }
}

/** The machine; throws machine-not-found, and not-owned where it carries no mark that names it. */
export async function requireOwnMachine(session: Session, ref: MachineRef, call: Call): Promise<OwnMachine> {
  return requireOwn(await requireMachine(session, ref, call), ref)
}

/** The same machine, which carries a mark that names it; throws not-owned where it does not. */
export function requireOwn<M extends Pick<FoundMachine, 'ref' | 'mark'>>(
  machine: M,
  ref: MachineRef,
): M & { readonly mark: Mark } {
  if (isOwn(machine)) return machine
  throw notOwned(ref)
}
