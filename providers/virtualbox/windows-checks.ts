/** Whether Windows' own hypervisor has the processor: VirtualBox then runs guests through it, in its "snail mode". */
import path from 'node:path'
import { isAzlVmError } from '../../src/errors.ts'
import { variableOf } from '../../src/host/environment.ts'
import { runProgram } from '../../src/host/run-program.ts'
import type { Finding } from '../../src/provider/contract.ts'

export const slowCode = 'slow-virtualization'

export const slowFix =
  'Use `provider: hyperv`; or switch off what uses Hyper-V (Memory integrity, WSL 2, Windows Sandbox, `bcdedit /set hypervisorlaunchtype off`) and start Windows anew.'

/** Of Hyper-V, WSL 2 and memory integrity alike. */
const question = '[string][bool](Get-CimInstance -ClassName Win32_ComputerSystem).HypervisorPresent'

const timeoutMs = 30_000

/** Nothing is found where Windows cannot be asked: VBox.log tells it then, once a machine has begun. */
export async function windowsFindings(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<readonly Finding[]> {
  const system = path.win32.join(variableOf(env, 'SystemRoot') ?? 'C:\\Windows', 'System32')
  const powershell = path.win32.join(system, 'WindowsPowerShell', 'v1.0', 'powershell.exe')
  const encoded = Buffer.from(question, 'utf16le').toString('base64')
  const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-EncodedCommand', encoded]
  try {
    const { stdout } = await runProgram(powershell, args, { env, signal, timeoutMs })
    return stdout.trim() === 'True' ? [hypervisorRuns] : []
  } catch (error) {
    if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
    return []
  }
}

const hypervisorRuns: Finding = {
  level: 'warning',
  code: slowCode,
  message: 'Windows’ own hypervisor runs on this computer: VirtualBox goes through it, which is many times slower',
  fix: slowFix,
}
