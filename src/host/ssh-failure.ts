/**
 * Why ssh did not get through. It has one exit code for all its failures, 255, and says the rest in words, which are
 * OpenSSH's own (sshconnect.c, sshconnect2.c, clientloop.c, misc.c) and the same on Windows.
 */
import { AzlVmError, type ErrorCode } from '../errors.ts'
import type { Via } from '../provider/machine.ts'

interface Known {
  readonly words: RegExp
  readonly code: ErrorCode
  readonly what: string
  readonly hint: (via: Via) => string
}

const known: readonly Known[] = [
  {
    words: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: 'host-not-ready',
    what: 'it has another host key than the known one',
    hint: ({ host, port }) =>
      `Somebody may stand between you and the host. Where its key was renewed: ssh-keygen -R ${port === undefined ? host : `"[${host}]:${String(port)}"`}, then connect once with ssh and compare the new key.`,
  },
  {
    words: /Host key verification failed/,
    code: 'host-not-ready',
    what: 'its host key is not known here',
    hint: (via) => `Connect once by hand, compare the key with the host's, and say yes: ssh ${wordsOf(via)}.`,
  },
  {
    words: /Permission denied|Too many authentication failures/,
    code: 'permission-denied',
    what: 'it refuses our keys',
    hint: () =>
      'Passwords are not asked for. Put a key of yours there (on Windows, an administrator’s belongs into C:\\ProgramData\\ssh\\administrators_authorized_keys), and load one with a passphrase into the agent (ssh-add).',
  },
  {
    words: /Could not resolve hostname/,
    code: 'host-not-ready',
    what: 'there is no such host',
    hint: () => 'See how the name is written, and whether it can be looked up from here.',
  },
  {
    words: /Connection refused/,
    code: 'host-not-ready',
    what: 'no ssh server listens there',
    hint: () => 'On the host (Windows): Add-WindowsCapability -Online -Name OpenSSH.Server, then Start-Service sshd.',
  },
  {
    words: /not responding|Broken pipe|Connection reset|closed by remote host|Connection closed by/,
    code: 'backend-failed',
    what: 'the connection was cut',
    hint: () => 'What was begun there may still go on: look again with `azl-vm status` before you repeat it.',
  },
  {
    words: /timed out|No route to host|Network is unreachable/,
    code: 'host-not-ready',
    what: 'it does not answer',
    hint: () => 'See whether the host is up, and whether a firewall lets ssh through.',
  },
]

/** What a user would type behind `ssh`. The backslash of a Windows domain is one within quotes only. */
function wordsOf({ host, user, port }: Via): string {
  const name = nameOf({ host, user, port })
  return `${port === undefined ? '' : `-p ${String(port)} `}${name.includes('\\') ? `"${name}"` : name}`
}

/** The error for an ssh that ended with 255; `stderr` is what it said. */
export function sshError(via: Via, stderr: string): AzlVmError {
  const said = stderr.trim()
  const found = known.find(({ words }) => words.test(said))
  const cause = new Error(said === '' ? 'ssh ended with exit code 255 and no word' : said)
  if (found) return new AzlVmError(found.code, `ssh to ${nameOf(via)}: ${found.what}`, { cause, hint: found.hint(via) })
  return new AzlVmError('host-not-ready', `ssh to ${nameOf(via)} failed: ${said.split('\n').at(-1) ?? ''}`, {
    cause,
    hint: `Try it by hand: ssh ${wordsOf(via)} hostname.`,
  })
}

function nameOf({ host, user }: Via): string {
  return user === undefined ? host : `${user}@${host}`
}
