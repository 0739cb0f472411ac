/**
 * The Hyper-V simulator for tests: test/simulators/hyperv, built once for the digest of its sources by the machine's
 * own .NET SDK and NuGet settings, and a Windows folder whose powershell.exe it is.
 */
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { writeWhole } from '../../src/store/atomic-file.ts'
import { buildSimulator, qemuCommands } from './hyperv-simulator-build.ts'

export { missingForSimulator } from './hyperv-simulator-build.ts'

/**
 * What the scripts of a folder use that .NET Framework 4.7.2 does not have, and where they may take for an array what is
 * none: `file:line: what`.
 */
export async function checkAgainstFramework(folder: string): Promise<readonly string[]> {
  const program = join(await buildSimulator(), 'FrameworkCheck', 'framework-check')
  const { stdout, stderr, exitCode } = await execa(program, [folder], { reject: false })
  if (exitCode !== 0 && stdout === '') throw new Error(`the check itself failed: ${stderr}`)
  return stdout.split('\n').filter((line) => line !== '')
}

/** At the first cmdlet in a script of that name that changes something, once. */
export type ScriptKill = `${string}.ps1 ${'before' | 'after'}`

/** knobs.json; see simulator/state/Knobs.cs for what each means. */
export interface SimulatorKnobs {
  readonly build?: 14393 | 17763 | 22631 | 26100
  readonly server?: boolean
  readonly localized?: boolean
  readonly rights?: 'full' | 'hyper-v-administrators' | 'none-silent' | 'none-error'
  readonly importDelayMs?: number
  readonly importProgress?: boolean
  readonly pipeAbsentMs?: number
  readonly pipeBusyMs?: number
  readonly outputEncoding?: string
  readonly mergeMs?: number
  readonly memoryBytes?: number
  readonly faults?: Readonly<Record<string, string>>
  readonly killAt?: `${'New-VM' | 'Set-VM' | 'Rename-VM'} ${'before' | 'inside' | 'after'}` | ScriptKill
  readonly traceCalls?: boolean
  readonly languageMode?: 'FullLanguage' | 'ConstrainedLanguage'
  readonly edition?: string
  readonly hypervisorPresent?: boolean
  readonly virtualizationInFirmware?: boolean
  readonly freeMemoryBytes?: number
  readonly hasModule?: boolean
  readonly features?: Readonly<Record<string, number>>
  readonly services?: Readonly<Record<string, string>>
  readonly registry?: Readonly<Record<string, string>>
  readonly virtualizationBasedSecurity?: number
  readonly executionPolicies?: Readonly<Record<string, string>>
  readonly fileSystem?: 'NTFS' | 'ReFS' | 'exFAT'
  readonly freeDiskBytes?: number
  readonly folderAttributes?: string
  readonly integrity?: boolean
  readonly hns?: readonly { readonly name: string; readonly type: string; readonly prefix: string }[]
  readonly routes?: readonly string[]
  readonly neighbours?: readonly { readonly address: string; readonly mac: string; readonly state: string }[]
  readonly guestAddresses?: Readonly<Record<string, readonly string[]>>
  readonly externalSwitches?: readonly string[]
}

/** Longer than a cmdlet waits for anything (simulator/Patience.cs), shorter than a hook may last, milliseconds. */
const turnOffLimitMs = 170_000

interface ScriptResult {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface HyperVSimulator {
  /** For machines, disks and scripts of the test; gone with the simulator. */
  readonly folder: string
  /** What a program that starts powershell.exe has in its environment. */
  readonly env: Readonly<Record<string, string>>
  setKnobs(knobs: SimulatorKnobs): Promise<void>
  /** Runs a script as `powershell.exe -File` does. */
  run(script: string, ...scriptArguments: readonly string[]): Promise<ScriptResult>
  /** Has data files of the simulator's (errors.json, events.json, defaults.json) played from this folder. */
  playFixtures(from: string): Promise<void>
  /** Where the simulator serves a local pipe, e.g. `\\.\pipe\name`. */
  pipePath(pipe: string): string
  /** Ends all machines; rejects with the reason where one does not end. */
  stop(): Promise<void>
}

/** A Hyper-V host of its own, empty. */
export async function startHyperVSimulator(knobs: SimulatorKnobs = {}): Promise<HyperVSimulator> {
  const built = await buildSimulator()
  const folder = await mkdtemp(join(tmpdir(), 'azl-hyperv-'))
  const systemRoot = join(folder, 'Windows')
  const home = join(systemRoot, 'System32', 'WindowsPowerShell', 'v1.0')
  const powershell = join(home, 'powershell.exe')
  const state = join(folder, 'state')
  await mkdir(home, { recursive: true })
  await mkdir(state)
  await symlink(join(built, 'Host', 'powershell'), powershell)
  // `runas /trustlevel:0x20000 LINE` starts a line without the rights of its account's groups, and does not wait for it.
  const runas = '#!/bin/sh\nAZL_SIM_RIGHTS=none-silent setsid sh -c "$2" </dev/null >/dev/null 2>&1 &\n'
  await writeFile(join(systemRoot, 'System32', 'runas.exe'), runas, { mode: 0o755 })
  const env = {
    SystemRoot: systemRoot,
    ProgramData: join(folder, 'ProgramData'),
    AZL_SIM_STATE: state,
    AZL_SIM_QEMU: qemuCommands,
    PATH: process.env['PATH'] ?? '',
  }
  // Whole: a machine's runner may read it at any time.
  const setKnobs = (next: SimulatorKnobs): Promise<void> =>
    writeWhole(join(state, 'knobs.json'), JSON.stringify(next), 0o644)
  await setKnobs(knobs)
  /** Why not all machines are off; undefined where they are. */
  const turnOff = async (): Promise<string | undefined> => {
    const file = join(folder, 'stop.ps1')
    const running = "Hyper-V\\Get-VM | Where-Object { $_.State -ne 'Off' }"
    await writeFile(file, `$ErrorActionPreference = 'Stop'\n${running} | Hyper-V\\Stop-VM -TurnOff -Force`)
    await setKnobs({})
    const ended = await execa(powershell, ['-File', file], { env, reject: false, timeout: turnOffLimitMs })
    return ended.failed || ended.stderr !== '' ? `${ended.shortMessage ?? ''}\n${ended.stderr}` : undefined
  }
  let scripts = 0
  return {
    folder,
    env,
    setKnobs,
    run: async (script, ...scriptArguments) => {
      scripts += 1
      const file = join(folder, `script-${scripts}.ps1`)
      await writeFile(file, script)
      const fixed = ['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', file]
      const { exitCode, stdout, stderr } = await execa(powershell, [...fixed, ...scriptArguments], {
        env,
        reject: false,
      })
      return { exitCode, stdout, stderr }
    },
    playFixtures: async (from) => {
      await mkdir(join(state, 'fixtures'), { recursive: true })
      for (const name of ['errors.json', 'events.json', 'defaults.json'])
        await copyFile(join(from, name), join(state, 'fixtures', name))
    },
    pipePath: (pipe) => join(tmpdir(), `CoreFxPipe_${pipe.replace('\\\\.\\pipe\\', '')}`),
    stop: async () => {
      // Their processes end when their state is gone; then nothing writes to the folder any more.
      const machines = await readdir(join(state, 'vms')).catch(() => [])
      const notOff = machines.length > 0 ? await turnOff() : undefined
      // A machine that is not off writes there until it finds its state gone.
      await rm(folder, { recursive: true, force: true, maxRetries: notOff === undefined ? 0 : 10 })
      if (notOff !== undefined) throw new Error(`the simulator's machines were not turned off: ${notOff}`)
    },
  }
}
