/** VMware Workstation's tools for tests, which boot in QEMU what a .vmx says: test/simulators/vmware. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { playDevices, type PlayedDevices } from './played-devices.ts'
import { repositoryRoot } from './run-cli.ts'
import { silentFirmware, silentFirmwareNames } from './silent-firmware.ts'

/** What a test turns; test/simulators/vmware/README.md says what each does. */
export interface VmwareKnobs {
  readonly version?: string
  readonly softStopSays?: string
  readonly canHoldMemory?: boolean
  readonly startFails?: { readonly said: string; readonly logged: readonly string[] }
}

/** Its kernel modules, and what its installer notes, are there for who is run `by` it. */
export interface VmwareStandIn extends PlayedDevices {
  /** All of it: the tools, the user's home, what the tools remember. */
  readonly folder: string
  /** Where the user's machines are. */
  readonly machines: string
  readonly env: NodeJS.ProcessEnv
  setKnobs(knobs: VmwareKnobs): Promise<void>
  /** Every call of a tool so far, as words. */
  calls(): Promise<readonly (readonly string[])[]>
  vmrun(...args: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** What each program on the PATH is; vmware-vmx tells libvirt the version, and nothing else is asked of it. */
const tools = {
  vmrun: 'vmrun',
  'vmware-vdiskmanager': 'vmware-vdiskmanager',
  vmcli: 'vmcli',
  vmware: 'vmware',
  'vmware-vmx': 'vmware',
}

/** As VMware's installer notes it, beside much else. */
const installed = '.encoding = "UTF-8"\nproduct.version = "17.6.2"\nplayer.product.version = "17.6.2"\n'

/** Why no process can be shown the stand-in as a host's VMware; undefined where one can. */
export async function missingForPlayedVmware(): Promise<string | undefined> {
  const missing = await missingForVmware()
  return missing ?? (process.getuid?.() === 0 ? undefined : 'showing a process VMware’s kernel modules needs root')
}

/** Why the stand-in cannot run on this machine; undefined where it can. */
export async function missingForVmware(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the stand-in of VMware runs its machines on Linux'
  for (const [program, name] of [
    ['qemu-system-x86_64', 'QEMU'],
    ['qemu-img', 'qemu-img'],
  ] as const)
    if ((await execa(program, ['--version'], { reject: false })).failed) return `${name} is not installed`
  return undefined
}

export async function startVmwareStandIn(): Promise<VmwareStandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'vmware-'))
  const [bin, state, home] = [join(folder, 'bin'), join(folder, 'state'), join(folder, 'home')]
  for (const each of [bin, state, home, join(state, 'firmware')]) await mkdir(each)
  for (const name of silentFirmwareNames) await symlink(await silentFirmware(name), join(state, 'firmware', name))
  for (const [tool, source] of Object.entries(tools)) {
    const program = join(repositoryRoot, 'test', 'simulators', 'vmware', `${source}.mjs`)
    const file = join(bin, tool)
    await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
    await chmod(file, 0o755)
  }
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: home, AZL_VMWARE_SIM: state }
  const read = (name: string): Promise<string> => readFile(join(state, name), 'utf8').catch(() => '')
  return {
    folder,
    ...(await playDevices(folder, ['vmmon'], { 'vmware/config': installed })),
    machines: join(home, 'vmware'),
    env,
    setKnobs: (knobs) => writeFile(join(state, 'knobs.json'), JSON.stringify(knobs)),
    calls: async () =>
      (await read('calls.jsonl'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as readonly string[]),
    vmrun: async (...args) =>
      (await execa(join(bin, 'vmrun'), ['-T', 'ws', ...args], { env, extendEnv: false })).stdout,
    stop: async () => {
      for (const name of await readdir(join(state, 'running')).catch(() => [])) {
        const { pid } = JSON.parse(await readFile(join(state, 'running', name), 'utf8')) as { readonly pid: number }
        endProcess(pid)
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** QEMU goes with it. */
function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
