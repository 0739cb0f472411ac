/** A Hyper-V host behind ssh: a real sshd on this machine, whose sessions find the simulator as powershell.exe. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hostProcesses } from './hyperv-inventory.ts'
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
    processes: () => powerShells(simulator),
    stop: async () => {
      await ssh.stop()
      await simulator.stop()
    },
  }
}

/** Other than those that run a machine. */
async function powerShells(simulator: HyperVSimulator): Promise<readonly number[]> {
  const isPowerShell = ([program = '', first]: readonly string[]): boolean =>
    /powershell/.test(program) && first !== '--run-machine'
  return (await hostProcesses(simulator)).filter(({ command }) => isPowerShell(command)).map(({ pid }) => pid)
}
