/**
 * Whether a machine runs. VMware locks the .vmx of a machine that it has open: no lock, no machine that runs, and no
 * program has to be asked. Where there is one, vmrun tells; it leaves out the machines of other accounts, and a lock is
 * also held by VMware's window on a machine that is off, and left behind by what was killed.
 */
import { readdir, readFile } from 'node:fs/promises'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import { pause } from '../../src/provider/pause.ts'
import { findMachine, type FoundMachine } from './machines.ts'
import { isSamePath, pathsOf } from './names.ts'
import type { Session } from './session.ts'

export interface SeenState {
  readonly state: PowerState
  /** For people; '' where there is none. */
  readonly reason: string
}

export async function stateOf(
  session: Session,
  { file, vmx }: Pick<FoundMachine, 'file' | 'vmx'>,
  call: Call,
): Promise<SeenState> {
  const off: SeenState =
    (vmx.get('checkpoint.vmState') ?? '') === '' ? { state: 'off', reason: '' } : { state: 'saved', reason: '' }
  const locks = await locksOf(session, file)
  if (locks.length === 0) return off
  const running = await runningFiles(session, call)
  if (running.some((each) => isSamePath(each, file, session.platform))) return { state: 'running', reason: '' }
  const other = locks.find(({ program, isAlive }) => isAlive && program.startsWith('vmware-vmx'))
  return other ? { state: 'running', reason: `process ${String(other.pid)} runs it, of another account` } : off
}

/** The .vmx files of the machines that this account runs. */
async function runningFiles(session: Session, call: Call): Promise<readonly string[]> {
  const text = await session.vmrun(['list'], { action: 'list the running machines' }, call)
  // "Total running VMs: 1", then a path on each line.
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

interface Lock {
  readonly pid: number
  readonly program: string
  readonly isAlive: boolean
}

/** A lock is a folder beside the file with one file for each that holds it (open-vm-tools lib/file/fileLockPrimitive.c). */
async function locksOf({ platform }: Session, file: string): Promise<readonly Lock[]> {
  const folder = `${file}.lck`
  const names = await readdir(folder).catch(() => [])
  const members = names.filter((name) => /^M\d+\.lck$/i.test(name)) // M04711.lck
  return await Promise.all(
    members.map(async (name) => {
      const text = await readFile(pathsOf(platform).join(folder, name), 'latin1').catch(() => '')
      // "… 4711-123456789(vmware-vmx) …": the process, when it began, its name
      const [, pid = '0', program = ''] = /(\d+)-\d+\(([^)]*)\)/.exec(text) ?? []
      return { pid: Number(pid), program, isAlive: isAlive(Number(pid)) }
    }),
  )
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The state of a machine by its id; absent where there is none. */
export async function stateById(session: Session, ref: MachineRef, call: Call): Promise<PowerState> {
  const machine = await findMachine(session, ref, call)
  return machine ? (await stateOf(session, machine, call)).state : 'absent'
}

/** Whether nothing of it runs any more. */
export function isOffState(state: PowerState): boolean {
  return state === 'off' || state === 'saved' || state === 'absent'
}

/** How often a watched state is looked at, milliseconds. */
const watchEveryMs = 300

export async function* watchState(session: Session, ref: MachineRef, call: Call): AsyncIterable<PowerState> {
  let told: PowerState | undefined
  for (;;) {
    const state = await stateById(session, ref, call)
    if (state !== told) yield state
    told = state
    if (state === 'absent') return
    await pause(watchEveryMs, call, `waiting for "${ref.name}"`)
  }
}
