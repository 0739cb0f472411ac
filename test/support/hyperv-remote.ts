/** A Hyper-V host behind ssh: a real sshd on this machine, whose sessions find the simulator as powershell.exe. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startHyperVSimulator, type HyperVSimulator, type SimulatorKnobs } from './hyperv-simulator.ts'
import { startSshServer, type SshServer } from './ssh-server.ts'

export interface RemoteHyperV {
  readonly simulator: HyperVSimulator
  readonly ssh: SshServer
  /** As a spec names it. */
  readonly host: string
  /** Of the user there, with characters that a path may have. */
  readonly home: string
  /** What the command on this side has in its environment: no Windows, and an ssh that knows the host. */
  readonly env: Readonly<Record<string, string>>
  /** The PowerShell processes that run there now. */
  processes(): Promise<readonly number[]>
  stop(): Promise<void>
}

export async function startRemoteHyperV(knobs: SimulatorKnobs = {}): Promise<RemoteHyperV> {
  const simulator = await startHyperVSimulator(knobs)
  const home = join(simulator.folder, "Jürgen O'Groß [1] & $x")
  await mkdir(home)
  const powershell = join(simulator.env['SystemRoot'] ?? '', 'System32', 'WindowsPowerShell', 'v1.0')
  const path = process.env['PATH'] ?? ''
  const ssh = await startSshServer({ env: { ...simulator.env, HOME: home, PATH: `${powershell}:${path}` } })
  return {
    simulator,
    ssh,
    host: `ssh://root@127.0.0.1:${String(ssh.port)}`,
    home,
    env: { PATH: `${ssh.clientFolder}:${path}` },
    processes: () => processesWith(`AZL_SIM_STATE=${simulator.env['AZL_SIM_STATE'] ?? ''}`),
    stop: async () => {
      await ssh.stop()
      await simulator.stop()
    },
  }
}

/** By what they have in their environment: only the test's own host has that. */
async function processesWith(variable: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid)
  const found = await Promise.all(pids.map(async (pid) => ((await isPowerShellWith(pid, variable)) ? [pid] : [])))
  return found.flat()
}

async function isPowerShellWith(pid: number, variable: string): Promise<boolean> {
  try {
    const [environment, words] = await Promise.all([
      readFile(`/proc/${String(pid)}/environ`, 'utf8'),
      readFile(`/proc/${String(pid)}/cmdline`, 'utf8'),
    ])
    const [program = '', first] = words.split('\0')
    return /powershell/.test(program) && first !== '--run-machine' && environment.split('\0').includes(variable)
  } catch {
    // It ended meanwhile.
    return false
  }
}
