/**
 * Why ssh failed. ssh itself has one exit code for all its failures, 255, and says the rest in words, which are
 * OpenSSH's own (sshconnect.c, sshconnect2.c, misc.c); words that are not known make the failure `dial-failed`.
 */
import { ConnectionError } from '../errors.ts'
import type { ConnectionFailure } from '../errors.ts'
import type { ConnectionTarget } from '../uri.ts'
import type { ProcessEnd } from './process-stream.ts'
import { scriptExit } from './ssh-command.ts'

interface Known {
  readonly words: RegExp
  readonly reason: ConnectionFailure
  readonly what: string
  readonly hint: (target: ConnectionTarget) => string
}

const hostOf = ({ host = 'localhost', user }: ConnectionTarget): string =>
  user === undefined ? host : `${user}@${host}`

const known: readonly Known[] = [
  {
    words: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    reason: 'host-not-trusted',
    what: 'it has another host key than the known one',
    hint: ({ host = 'localhost', port }) =>
      'Somebody may stand between you and the host. Where its key was renewed: ' +
      `ssh-keygen -R ${port === undefined ? host : `"[${host}]:${port}"`}, then connect once with ssh and compare the new key.`,
  },
  {
    words: /Host key verification failed/,
    reason: 'host-not-trusted',
    what: 'its host key is not known here',
    hint: (target) => `Connect once by hand, compare the key with the host's, and say yes: ssh ${argumentsOf(target)}.`,
  },
  {
    words: /Permission denied|Too many authentication failures/,
    reason: 'permission-denied',
    what: 'it refuses our keys',
    hint: (target) =>
      `Passwords are not asked for. Put a key of yours there: ssh-copy-id ${argumentsOf(target)}; ` +
      'load one with a passphrase into the agent (ssh-add), or name the file with ?keyfile=FILE.',
  },
  {
    words: /Could not resolve hostname/,
    reason: 'host-unknown',
    what: 'there is no such host',
    hint: () => 'See how the name is written, and whether it can be looked up from here: getent hosts NAME.',
  },
  {
    words: /Connection refused/,
    reason: 'refused',
    what: 'no ssh server listens there',
    hint: () => 'See whether sshd runs on the host, and on which port: ssh://USER@HOST:PORT.',
  },
  {
    words: /timed out|No route to host|Network is unreachable/,
    reason: 'unreachable',
    what: 'it does not answer',
    hint: () => 'See whether the host is up, and whether a firewall lets ssh through.',
  },
]

function argumentsOf(target: ConnectionTarget): string {
  return `${target.port === undefined ? '' : `-p ${target.port} `}${hostOf(target)}`
}

export function explainSsh(end: ProcessEnd | Error, program: string, target: ConnectionTarget): ConnectionError {
  if (end instanceof Error) {
    return new ConnectionError('tool-missing', `${program} cannot be started`, {
      cause: end,
      hint: 'Install the ssh client: on Debian and Ubuntu sudo apt-get install openssh-client.',
    })
  }
  const said = end.stderr.trim()
  const cause = new Error(said === '' ? endText(end) : said)
  const host = hostOf(target)
  if (end.exitCode === 255) {
    const found = known.find(({ words }) => words.test(said))
    return found === undefined
      ? new ConnectionError('dial-failed', `ssh to ${host} failed: ${lastLine(said, end)}`, {
          cause,
          hint: `Try it by hand: ssh ${argumentsOf(target)} true.`,
        })
      : new ConnectionError(found.reason, `ssh to ${host}: ${found.what}`, { cause, hint: found.hint(target) })
  }
  return remoteFailure(end, said, cause, host)
}

/** ssh got through, and what runs on the host failed. */
function remoteFailure(end: ProcessEnd, said: string, cause: Error, host: string): ConnectionError {
  switch (end.exitCode) {
    case scriptExit.noHelper:
      return new ConnectionError('helper-missing', `nothing on ${host} leads to libvirt's socket`, {
        cause,
        hint: 'Install it there: virt-ssh-helper comes with libvirt (Debian: libvirt-daemon); netcat-openbsd and socat do too.',
      })
    case scriptExit.noSocket:
      return new ConnectionError('socket-missing', `no libvirt runs on ${host}: ${lastLine(said, end)}`, {
        cause,
        hint: 'Install libvirt there and start it: sudo systemctl start libvirtd (or virtqemud.socket). Or name its socket with ?socket=PATH.',
      })
    default:
      return new ConnectionError('dial-failed', `${host} does not lead to libvirt: ${lastLine(said, end)}`, {
        cause,
        hint: 'On the host the user must be in the group libvirt, and libvirt must run: virsh -c qemu:///system list.',
      })
  }
}

function lastLine(said: string, end: ProcessEnd): string {
  return said.split('\n').at(-1)?.trim() || endText(end)
}

function endText({ exitCode }: ProcessEnd): string {
  return exitCode === null ? 'it was killed' : `it ended without a word (exit code ${exitCode})`
}
