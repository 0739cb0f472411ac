/** What the simulated Windows was asked, as its knob `traceCalls` has it noted; and what an `up` may ask. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { countNames, type CallOfUp } from './calls-of-up.ts'
import type { HyperVSimulator } from './hyperv-simulator.ts'

const lineSchema = z.object({
  processId: z.number(),
  /** Of a process of PowerShell's: the file that it runs. */
  script: z.string().optional(),
  /** Of a call: `Start-VM`, `Get-CimInstance Win32_Service`. */
  cmdlet: z.string().optional(),
  /** Milliseconds since 1970, as `Date.now()`. */
  beganMs: z.number(),
  endedMs: z.number(),
})

interface Traced {
  readonly what: string
  readonly beganMs: number
  readonly endedMs: number
}

export interface CallTrace {
  /** Of PowerShell, by the script that each runs; `beganMs` is when the process began. */
  readonly processes: readonly Traced[]
  /** By cmdlet, in the order in which they ended. */
  readonly calls: readonly Traced[]
}

/** Since the last time. */
export async function takeCallTrace({ env }: Pick<HyperVSimulator, 'env'>): Promise<CallTrace> {
  const file = join(env['AZL_SIM_STATE'] ?? '', 'calls.jsonl')
  const text = await readFile(file, 'utf8')
  await rm(file)
  const lines = text.split('\n').filter((line) => line !== '')
  const all = lines.map((line) => lineSchema.parse(JSON.parse(line)))
  const of = (kind: 'script' | 'cmdlet'): readonly Traced[] =>
    all.flatMap(({ [kind]: what, beganMs, endedMs }) => (what === undefined ? [] : [{ what, beganMs, endedMs }]))
  return { processes: of('script'), calls: of('cmdlet') }
}

/** How often each was called. Hyper-V's logs are read once a second while a boot is waited for: that counts as once. */
export function countCalls({ calls }: CallTrace): Readonly<Record<string, number>> {
  const counts = countNames(calls.map(({ what }) => what))
  return 'Get-WinEvent' in counts ? { ...counts, 'Get-WinEvent': 1 } : counts
}

/** All that one `up` of a machine with one disk and one network card on the Default Switch asks, and what for. */
export const callsOfUp: readonly CallOfUp[] = [
  {
    call: 'Get-CimInstance Win32_ComputerSystem',
    times: 1,
    why: 'whether the hypervisor runs; what else is worth knowing of the host `doctor` asks, and `up` where Hyper-V says no',
  },
  { call: 'Get-VMHost', times: 1, why: 'where machines lie by default, and which Secure Boot templates there are' },
  { call: 'Get-Volume', times: 1, why: 'file system and free space where the machine is to lie' },
  {
    call: 'Get-VMSwitch',
    times: 4,
    why: 'which there are: for the plan, when the card is plugged in, and before the start; and the card’s own, by its id',
  },
  { call: 'New-VM', times: 1, why: 'the anchor, in a folder of the run’s name' },
  { call: 'Rename-VM', times: 1, why: 'its name, once it carries the mark' },
  {
    call: 'Set-VM',
    times: 5,
    why: 'the mark when it is made, when it boots and when it is ready; memory, processors, start and stop; no automatic checkpoints, which Windows Server 2016 has no parameter for',
  },
  { call: 'Set-VMProcessor', times: 1, why: 'nested virtualization' },
  { call: 'Set-VMComPort', times: 1, why: 'COM1 on its pipe' },
  { call: 'Set-VMFirmware', times: 2, why: 'Secure Boot; the boot order, which is known when the drives are there' },
  { call: 'Remove-VMNetworkAdapter', times: 1, why: 'the card that New-VM adds' },
  { call: 'Add-VMNetworkAdapter', times: 1, why: 'ours, with its address' },
  { call: 'Connect-VMNetworkAdapter', times: 1, why: 'into its switch' },
  { call: 'New-VHD', times: 1, why: 'the disk, with blocks of 1 MiB, which New-VM cannot say' },
  { call: 'Add-VMHardDiskDrive', times: 1, why: 'the disk at its place' },
  { call: 'Add-VMDvdDrive', times: 2, why: 'one drive for the installer, one for the seed' },
  { call: 'Set-VMDvdDrive', times: 1, why: 'the medium' },
  { call: 'Start-VM', times: 1, why: 'the start' },
  {
    call: 'Get-VM',
    times: 17,
    why:
      'the list three times (is the name free: before the plan, in the claim, and in it once more under the host’s lock); ' +
      'each verb takes its machine by id before it acts, and where it sets hardware sees that it is off (8); its Notes ' +
      'before the mark is written anew (2); its state, port and cards before the start (1); the whole description at the ' +
      'end (1); its cards, for the address (2)',
  },
  { call: 'Get-NetNeighbor', times: 1, why: 'the guest’s address, where the guest has not told Hyper-V' },
  { call: 'Get-VHD', times: 1, why: 'the disk’s size: the whole description, at the end' },
  { call: 'Get-VMProcessor', times: 1, why: 'nested virtualization, for the same' },
  { call: 'Get-VMSecurity', times: 1, why: 'the TPM, for the same' },
  { call: 'Get-VMFirmware', times: 1, why: 'Secure Boot, for the same' },
  {
    call: 'Get-WinEvent',
    times: 1,
    why: 'Hyper-V’s own word of the boot: once a second while it is waited for, because a failure is told nowhere else',
  },
]

/** That machine; JSON is YAML too. */
export function countedSpec(name: string): string {
  const machine = { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }] }
  return JSON.stringify({ version: 1, name, provider: 'hyperv', source: { probe: { then: 'wait' } }, machine })
}
