/** Which computer and user azl-vm runs as: half of what says who owns a machine. */
import { readFileSync } from 'node:fs'
import os from 'node:os'

export interface Controller {
  readonly user: string
  /** machine-id (Linux), MachineGuid (Windows), platform UUID (macOS), else the host name. */
  readonly machineId: string
}

export async function thisController(): Promise<Controller> {
  return { user: userName(), machineId: (await machineId()) ?? os.hostname() }
}

function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    // A uid without an entry in the user database, as in containers.
    return `uid-${String(process.getuid?.() ?? 'unknown')}`
  }
}

async function machineId(): Promise<string | undefined> {
  if (process.platform === 'win32') {
    const key = String.raw`HKLM\SOFTWARE\Microsoft\Cryptography`
    return await firstMatch('reg', ['query', key, '/v', 'MachineGuid'], /MachineGuid\s+REG_SZ\s+(\S+)/) // MachineGuid REG_SZ 1b2c…
  }
  if (process.platform === 'darwin') {
    return await firstMatch('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], /"IOPlatformUUID" = "([^"]+)"/) // "IOPlatformUUID" = "5F…"
  }
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const text = readFileSync(file, 'utf8').trim()
      if (text !== '') return text
    } catch {
      continue
    }
  }
  return undefined
}

async function firstMatch(command: string, args: readonly string[], pattern: RegExp): Promise<string | undefined> {
  // Only where it is needed: every start of the tool would else load it.
  const { execa } = await import('execa')
  const result = await execa(command, args, { reject: false })
  return pattern.exec(result.stdout)?.[1]
}
