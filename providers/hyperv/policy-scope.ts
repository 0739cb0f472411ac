/** Who forbids scripts on a host: asked only once one was refused. */
import { runProgram } from '../../src/host/run-program.ts'
import { sshArguments } from '../../src/host/ssh-command.ts'
import type { ProviderContext } from '../../src/provider/contract.ts'
import type { HostChoice } from './host.ts'
import { powershellLaunch } from './launch.ts'
import { encodedWords, scriptText } from './scripts.ts'

/** PowerShell's start and one cmdlet, on another computer also ssh's way there. Milliseconds. */
const timeoutMs = 30_000

/** E.g. `MachinePolicy AllSigned`; undefined where it cannot be told. Rejects never. */
export async function policyScope(
  { via }: HostChoice,
  { env }: Pick<ProviderContext, 'env'>,
): Promise<string | undefined> {
  const options = { env, signal: new AbortController().signal, timeoutMs }
  try {
    const words = encodedWords(await scriptText('policy-scope'))
    const local = powershellLaunch(words, { env })
    const { stdout } =
      via === undefined
        ? await runProgram(local.command, local.args, { ...options, env: local.env })
        : await runProgram('ssh', sshArguments(via, ['powershell.exe', ...words].join(' ')), options)
    // Whatever a login shell says beside it.
    return /^(?:MachinePolicy|UserPolicy) \w+(?=\r?$)/m.exec(stdout)?.[0] // MachinePolicy AllSigned
  } catch {
    return undefined
  }
}
