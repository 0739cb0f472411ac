/** Where a machine's COM1 is reached on this computer. */
import { posix } from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { ProviderContext } from '../../src/provider/contract.ts'

const prefix = '\\\\.\\pipe\\'

/**
 * `com1` as Hyper-V has it. Where paths are written with `/`, a pipe is a socket of .NET's naming
 * (learn.microsoft.com, NamedPipeServerStream): there is no Hyper-V, but what plays one.
 */
export function localPipe(com1: string, separator: '\\' | '/', env: ProviderContext['env'], name: string): string {
  if (!com1.toLowerCase().startsWith(prefix))
    throw new AzlVmError('not-supported', `COM1 of "${name}" is no pipe of its host: '${com1}'`, {
      hint: `Somebody changed it. Set-VMComPort -VMName … -Number 1 -Path ${prefix}azl-vm-… makes it one again.`,
    })
  if (separator === '\\') return com1
  return posix.join(env['TMPDIR'] ?? '/tmp', `CoreFxPipe_${com1.slice(prefix.length)}`)
}
