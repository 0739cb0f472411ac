/** In which letters VirtualBox's programs are spoken to and answer: those of the system's locale, and no others. */
import { registryText } from '../../src/host/registry.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'

/**
 * Where a locale has no UTF-8, VBoxManage refuses a path with an umlaut (VERR_NO_TRANSLATION, seen with 7.2.22), and what
 * it begins for all of a user's machines, VBoxSVC, opens no such file.
 */
export function environmentFor({ env, platform }: Pick<ProviderContext, 'env' | 'platform'>): NodeJS.ProcessEnv {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((each) => each !== undefined && each !== '') ?? ''
  return platform !== 'linux' || /utf-?8/i.test(locale) ? env : { ...env, LC_ALL: 'C.UTF-8' }
}

/** Windows' code page of programs that know no Unicode, as `TextDecoder` calls it: VirtualBox answers in it (IPRT's stream.cpp, utf8-win.cpp). */
export async function encodingOf({ env, platform }: ProviderContext, { signal }: Call): Promise<string> {
  if (platform !== 'win32') return 'utf-8'
  return encodingOfCodePage((await registryText(ansiCodePage, env, signal)) ?? '')
}

const ansiCodePage = { key: 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage', name: 'ACP' }

const asianCodePages: Readonly<Record<string, string>> = { 932: 'shift_jis', 936: 'gbk', 949: 'euc-kr', 950: 'big5' }

export function encodingOfCodePage(number: string): string {
  if (/^(?:125[0-8]|874)$/.test(number)) return `windows-${number}`
  return asianCodePages[number] ?? 'utf-8'
}
