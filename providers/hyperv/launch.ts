/** How Windows PowerShell 5.1 is started on this computer: always there, by its own path, with one of our scripts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { ProviderContext } from '../../src/provider/contract.ts'
import { entryPath, type EntryScript } from './scripts.ts'

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/**
 * The script runs under `-ExecutionPolicy Bypass`, which holds for this one process and changes no setting. A parent
 * that is PowerShell 7 hands down a PSModulePath that leads 5.1 to modules of 7 (PowerShell/PowerShell#27774), so it
 * is left out and 5.1 makes its own.
 */
export function localLaunch(entry: EntryScript, context: Pick<ProviderContext, 'env'>): Launch {
  const words = ['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', entryPath(entry)]
  return powershellLaunch(words, context)
}

/** The same with other words behind powershell.exe. */
export function powershellLaunch(args: readonly string[], { env }: Pick<ProviderContext, 'env'>): Launch {
  return {
    command: powershellPath(env),
    args,
    env: Object.fromEntries(Object.entries(env).filter(([name]) => name.toLowerCase() !== 'psmodulepath')),
  }
}

/** Windows' own folder. */
export function systemRootOf(env: NodeJS.ProcessEnv): string {
  const systemRoot = Object.entries(env).find(([name]) => name.toLowerCase() === 'systemroot')?.[1] ?? ''
  if (systemRoot === '')
    throw new AzlVmError('host-not-ready', 'Hyper-V is driven on Windows only: the variable SystemRoot is not set', {
      hint: 'Use azl-vm on Windows, or name a Windows host in the spec, `host: ssh://user@host`.',
    })
  return systemRoot
}

/** Sysnative is there for 32-bit processes only: to them System32 is the folder of 32-bit programs. */
function powershellPath(env: NodeJS.ProcessEnv): string {
  const systemRoot = systemRootOf(env)
  const below = join('WindowsPowerShell', 'v1.0', 'powershell.exe')
  const sysnative = join(systemRoot, 'Sysnative', below)
  return existsSync(sysnative) ? sysnative : join(systemRoot, 'System32', below)
}
