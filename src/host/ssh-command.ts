/** The command line of the system's ssh, with the user's own configuration, keys, agent and known hosts. */
import type { Via } from '../provider/machine.ts'

/** A host that says nothing for so long is given up, seconds: it may be gone without a word. */
const silence = { connectSeconds: 20, aliveSeconds: 15, aliveTries: 3 } as const

/**
 * One process for one channel: Windows' ssh can share none (PowerShell/Win32-OpenSSH#405). Nothing is ever asked,
 * there is no terminal, and no escape character in the bytes. `remoteCommand` is given to a login shell that may be
 * cmd, PowerShell or any other, so it must consist of what all of them take as it is: no quotes, no backslashes, no
 * value of anybody's. Throws a TypeError otherwise.
 */
export function sshArguments({ host, user, port }: Via, remoteCommand: string): readonly string[] {
  if (!plainCommand.test(remoteCommand)) throw new TypeError(`no command for every shell: ${remoteCommand}`)
  return [
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...['-T', '-e', 'none', '-o', 'BatchMode=yes', '-o', 'ControlMaster=no', '-o', 'ControlPath=none'],
    ...['-o', `ConnectTimeout=${silence.connectSeconds}`],
    ...['-o', `ServerAliveInterval=${silence.aliveSeconds}`, '-o', `ServerAliveCountMax=${silence.aliveTries}`],
    '--',
    host,
    remoteCommand,
  ]
}

/** Words of these characters mean themselves in cmd, PowerShell, sh, csh and fish. */
const plainCommand = /^[A-Za-z0-9+/=._ -]+$/
