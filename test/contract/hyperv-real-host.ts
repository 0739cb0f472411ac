/**
 * The Hyper-V of this computer for the contract suite: what an admin could do there is done by Hyper-V's own cmdlets, and
 * nothing is touched but what the suite made. Of `env`, SystemRoot says which powershell.exe is asked; a simulator's works
 * as well.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { definition } from '../../providers/hyperv/index.ts'
import { localLaunch } from '../../providers/hyperv/launch.ts'
import { buildRecorder } from '../support/recorder-program.ts'
import { providerContext } from '../support/test-environment.ts'
import type { ContractHost } from './contract-bench.ts'

export async function openRealHyperVHost(env: NodeJS.ProcessEnv): Promise<ContractHost> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-hyperv-real-'))
  const recorder = await buildRecorder()
  const context = providerContext({ env, recorder: { folder: join(folder, 'recorders'), command: recorder.command } })
  const run = async (name: keyof typeof scripts, ...words: readonly string[]): Promise<readonly string[]> => {
    const file = join(folder, `${name}.ps1`)
    await writeFile(file, `$ErrorActionPreference = 'Stop'\r\n${scripts[name]}`)
    const { command, args, env: variables } = localLaunch('worker', { env })
    const asked = [...args.slice(0, -1), file, ...words]
    const { stdout } = await execa(command, asked, { env: variables, extendEnv: false })
    return stdout.split(/\r?\n/).filter((line) => line !== '')
  }
  const theirs = await run('inventory')
  const [root = ''] = await run('root')
  const ofAzlVm = [...(await run('marked')), ...theirs.filter((line) => line.includes('azl-vm'))]
  // The suite removes leftovers as gc does, whoever made them.
  if (ofAzlVm.length > 0)
    throw new Error(`azl-vm is used on this host; the suite runs where it is not:\n${ofAzlVm.join('\n')}`)
  return {
    open: () => definition.open('local', context),
    // No SystemRoot: as where there is no Windows.
    openUnready: () => definition.open('local', providerContext({ env: {} })),
    makeForeignMachine: async (name) => {
      const [id = ''] = await run('make', name, folder)
      return { name, id }
    },
    removeForeignMachine: async ({ id, name }) => {
      await run('remove', id)
      await rm(join(folder, name), { recursive: true, force: true })
    },
    copyByHand: async (ref, name) => {
      const [id = ''] = await run('copy', ref.id, name, folder)
      return { name, id }
    },
    makeLeftover: async (_name, runId) => {
      const made = join(root, `azl-vm-${runId}`)
      await mkdir(made, { recursive: true })
      await writeFile(join(made, 'disk0.vhdx'), '')
      return made
    },
    guestUuid: async (ref) => (await run('uuid', ref.id))[0]?.toLowerCase() ?? '',
    inventory: async () => {
      const left = [...theirs]
      return (await run('inventory')).filter((line) => {
        const at = left.indexOf(line)
        if (at >= 0) left.splice(at, 1)
        return at < 0
      })
    },
    close: async () => {
      await rm(folder, { recursive: true, force: true })
      await recorder.remove()
    },
  }
}

/** A machine by core's id, which its mark holds, or by Hyper-V's. */
const find = String.raw`
$vm = @(Hyper-V\Get-VM | Where-Object { [string]$_.Id -eq $args[0] -or ([string]$_.Notes).Contains('"machineId":"' + $args[0] + '"') })[0]
`

const scripts = {
  /** What is on the host: machines, switches, and the folders that azl-vm makes. */
  inventory: String.raw`
Hyper-V\Get-VM | ForEach-Object { 'machine ' + $_.Name }
Hyper-V\Get-VMSwitch | ForEach-Object { 'switch ' + $_.Name }
$root = (Hyper-V\Get-VMHost).VirtualMachinePath
if ([System.IO.Directory]::Exists($root)) {
    foreach ($folder in [System.IO.Directory]::GetDirectories($root, 'azl-vm-*')) {
        'file ' + $folder
        [System.IO.Directory]::GetFileSystemEntries($folder, '*', 'AllDirectories') | ForEach-Object { 'file ' + $_ }
    }
}
`,
  marked: String.raw`Hyper-V\Get-VM | Where-Object { ([string]$_.Notes).Contains('"machineId":"') } | ForEach-Object { 'machine ' + $_.Name }`,
  root: String.raw`(Hyper-V\Get-VMHost).VirtualMachinePath`,
  make: String.raw`[string](Hyper-V\New-VM -Name $args[0] -Path $args[1] -MemoryStartupBytes 67108864 -Generation 2 -NoVHD).Id`,
  remove: String.raw`Hyper-V\Remove-VM -VM (Hyper-V\Get-VM -Id ([guid]$args[0])) -Force`,
  /** As an import with a new id: all that marks the original, in another machine. */
  copy: `${find}${String.raw`
$copy = Hyper-V\New-VM -Name $args[1] -Path $args[2] -MemoryStartupBytes 67108864 -Generation 2 -NoVHD
Hyper-V\Set-VM -VM $copy -Notes $vm.Notes
[string]$copy.Id
`}`,
  uuid: `${find}${String.raw`
$data = @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_VirtualSystemSettingData' -Filter ("VirtualSystemIdentifier = '" + [string]$vm.Id + "'"))[0]
([string]$data.BIOSGUID).Trim([char[]]'{}')
`}`,
} as const
