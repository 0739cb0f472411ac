/** VBox.log: what VirtualBox itself wrote while it ran a machine. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { FoundMachine } from './machines.ts'
import { slowCode, slowFix } from './windows-checks.ts'

/** On Windows, through Hyper-V's interface (VirtualBox 7's VMM/VMMR3/NEMR3.cpp): every exit of the guest is slow. */
const snailPattern = /NEM: NEMR3Init: Snail execution mode is active/ // 00:00:01.5 NEM: NEMR3Init: Snail execution mode is active!
/** What VirtualBox says of an error in its own code. */
const errorPattern = /\bVERR_\w+|^.*\bPower up failed\b.*$/m // 00:00:00.9 Power up failed (vrc=VERR_VMX_IN_VMX_ROOT_MODE, …)

async function readLog({ folder }: Pick<FoundMachine, 'folder'>): Promise<string> {
  return await readFile(path.join(folder, 'Logs', 'VBox.log'), 'utf8').catch(() => '')
}

/** Warns where the machine that was started runs slowly, with the reason and what helps. */
export async function warnWhenSlow(machine: Pick<FoundMachine, 'ref' | 'folder'>, call: Call): Promise<void> {
  if (!snailPattern.test(await readLog(machine))) return
  call.warn(
    slowCode,
    `VirtualBox runs "${machine.ref.name}" through Hyper-V, which is many times slower (its VBox.log: snail execution mode)`,
    slowFix,
  )
}

const mostLines = 10

/** The lines that tell why a machine did not start. */
export async function errorLines(machine: Pick<FoundMachine, 'folder'>): Promise<readonly string[]> {
  const lines = (await readLog(machine)).split(/\r?\n/)
  return lines.filter((line) => errorPattern.test(line)).slice(-mostLines)
}
