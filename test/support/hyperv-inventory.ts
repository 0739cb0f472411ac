/** Everything that a simulated Hyper-V host holds, of whomever; the Default Switch is every host's own. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { readJsonFile } from '../../src/store/atomic-file.ts'
import type { HyperVSimulator } from './hyperv-simulator.ts'

export interface HostThing {
  /** Kind and name. */
  readonly what: string
  /** Undefined where a list of the host's tells of it. */
  readonly file: string | undefined
}

export interface SimulatedMachine {
  readonly id: string
  readonly name: string
  readonly notes: string
}

/** Where the simulator keeps a machine's settings. */
export function machineFile({ env }: HyperVSimulator, id: string): string {
  return join(env['AZL_SIM_STATE'] ?? '', 'vms', `${id}.json`)
}

/** Where Hyper-V makes machines when nobody says where. */
export function usualPlace({ env }: HyperVSimulator): string {
  return join(env['AZL_SIM_STATE'] ?? '', 'hyper-v')
}

export async function simulatedMachines({ env }: HyperVSimulator): Promise<readonly SimulatedMachine[]> {
  const folder = join(env['AZL_SIM_STATE'] ?? '', 'vms')
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  return await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as SimulatedMachine),
  )
}

/** Machines, switches, addresses and NAT networks of the host, reserved addresses, and the files where machines are. */
export async function hyperVInventory(
  simulator: HyperVSimulator,
  ...otherPlaces: readonly string[]
): Promise<readonly HostThing[]> {
  const { ProgramData = '', AZL_SIM_STATE: state = '' } = simulator.env
  const [machines, switches, network, leases, ...files] = await Promise.all([
    simulatedMachines(simulator),
    readJsonFile(join(state, 'switches.json')) as Promise<readonly { readonly name: string }[] | undefined>,
    readJsonFile(join(state, 'network.json')) as Promise<Readonly<Record<string, readonly unknown[]>> | undefined>,
    readJsonFile(join(ProgramData, 'azl-vm', 'leases.json')) as Promise<Leases | undefined>,
    ...[usualPlace(simulator), ...otherPlaces].map(filesBelow),
  ])
  const listed = (what: string): HostThing => ({ what, file: undefined })
  return [
    ...machines.map(({ id, name }) => ({ what: `machine ${name}`, file: machineFile(simulator, id) })),
    ...(switches ?? []).map(({ name }) => listed(`switch ${name}`)),
    ...Object.entries(network ?? {}).flatMap(([kind, list]) =>
      list.map((each) => listed(`${kind} ${JSON.stringify(each)}`)),
    ),
    ...(leases?.leases ?? []).map(({ address }) => listed(`reserved address ${address}`)),
    ...files.flat(),
  ]
}

interface Leases {
  readonly leases: readonly { readonly address: string }[]
}

/** Folders too. */
async function filesBelow(place: string): Promise<readonly HostThing[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.map((entry) => {
    const file = join(entry.parentPath, entry.name)
    return { what: `file ${relative(place, file)}`, file: entry.isFile() ? file : undefined }
  })
}

export interface HostProcess {
  readonly pid: number
  readonly command: readonly string[]
}

/** What runs on the host: the processes with its variable in their environment, which only its own have. */
export async function hostProcesses({ env }: HyperVSimulator): Promise<readonly HostProcess[]> {
  const variable = `AZL_SIM_STATE=${env['AZL_SIM_STATE'] ?? ''}`
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid)
  const found = await Promise.all(pids.map((pid) => processWith(pid, variable)))
  return found.flatMap((each) => each ?? [])
}

async function processWith(pid: number, variable: string): Promise<HostProcess | undefined> {
  try {
    const [environment, command] = await Promise.all(
      ['environ', 'cmdline'].map((name) => readFile(`/proc/${String(pid)}/${name}`, 'utf8')),
    )
    return environment?.split('\0').includes(variable) ? { pid, command: (command ?? '').split('\0') } : undefined
  } catch {
    // It ended meanwhile.
    return undefined
  }
}
