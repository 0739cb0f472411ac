/** Which computer and user azl-vm runs as: half of what says who owns a machine. */
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { AzlVmError, errorText } from '../errors.ts'

export interface Controller {
  readonly user: string
  /** machine-id (Linux), MachineGuid (Windows), platform UUID (macOS); the host name where the system has no such id. */
  readonly machineId: string
}

/** What a computer is asked by; a test hands in its own. */
export interface Computer {
  readonly platform: NodeJS.Platform
  readonly hostName: string
  /** What a program says on stdout; rejects where it fails or does not end. */
  readonly run: (command: string, args: readonly string[]) => Promise<string>
  /** Rejects with ENOENT where there is none. */
  readonly readText: (file: string) => Promise<string>
}

/**
 * Rejects where the id is there and cannot be read this time: another one in its place would be another owner, and every
 * machine somebody else's. The host name stands in only where the system keeps no id at all, which is so on each run.
 */
export async function thisController(computer: Computer = thisComputer): Promise<Controller> {
  return { user: userName(), machineId: await machineIdOf(computer) }
}

/** Both programs answer in milliseconds. */
const answerLimitMs = 10_000

const thisComputer: Computer = {
  platform: process.platform,
  hostName: os.hostname(),
  run: async (command, args) => {
    // Only where it is needed: every start of the tool would else load it.
    const { execa } = await import('execa')
    return (await execa(command, args, { timeout: answerLimitMs, killSignal: 'SIGKILL', stdin: 'ignore' })).stdout
  },
  readText: async (file) => await readFile(file, 'utf8'),
}

function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    // A uid without an entry in the user database, as in containers.
    return `uid-${String(process.getuid?.() ?? 'unknown')}`
  }
}

async function machineIdOf(computer: Computer): Promise<string> {
  if (computer.platform === 'win32') {
    const key = String.raw`HKLM\SOFTWARE\Microsoft\Cryptography`
    return await printedId(computer, 'reg', ['query', key, '/v', 'MachineGuid'], /MachineGuid\s+REG_SZ\s+(\S+)/) // MachineGuid REG_SZ 1b2c…
  }
  if (computer.platform === 'darwin')
    return await printedId(computer, 'ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], /"IOPlatformUUID" = "([^"]+)"/) // "IOPlatformUUID" = "5F…"
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const text = await fileText(computer, file)
    if (text !== '') return text
  }
  return computer.hostName
}

async function printedId(
  { run }: Computer,
  command: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string> {
  const said = await run(command, args).catch((error: unknown) => {
    throw unreadable([command, ...args].join(' '), error)
  })
  const id = pattern.exec(said)?.[1]
  if (id === undefined) throw unreadable([command, ...args].join(' '), new Error('it did not print the id'))
  return id
}

/** '' where there is no such file, or nothing in it: minimal images and containers have none. */
async function fileText({ readText }: Computer, file: string): Promise<string> {
  try {
    return (await readText(file)).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw unreadable(file, error)
  }
}

function unreadable(what: string, cause: unknown): AzlVmError {
  return new AzlVmError('host-not-ready', `this computer’s id cannot be read (${what}): ${errorText(cause)}`, {
    cause,
    hint: 'azl-vm knows its machines by that id and takes no other one in its place. See that the command or file above works, and run azl-vm again.',
  })
}
