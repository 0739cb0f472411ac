import type { Captured, Detached, Host } from '../../../scripts/host-setup/host.mjs'

export interface FakeHost {
  readonly host: Host
  /** Command lines in the order in which they ran. */
  readonly ran: string[]
  readonly said: string[]
  readonly printed: string[]
}

export interface Given {
  /** Beside those that every host has; undefined: not there. */
  readonly files?: Readonly<Record<string, string | undefined>>
  readonly commands?: readonly string[]
  readonly interactive?: boolean
  readonly uid?: number
  readonly platform?: NodeJS.Platform
  readonly arch?: string
  readonly env?: Readonly<Record<string, string>>
  readonly kvm?: { mode: number; uid: number; gid: number }
  readonly daemon?: Detached
  /** What a command line answers; undefined: exit code 0 and no words. */
  readonly answer?: (line: string) => Partial<Captured> | undefined
}

/** So that one expectation holds on Windows too. */
const slashed = (text: string) => text.replaceAll('\\', '/')

/** A Debian as root with a clock of its own: each pause moves it. */
export function fakeHost(given: Given = {}): FakeHost {
  const ran: string[] = []
  const said: string[] = []
  const printed: string[] = []
  let clockMs = 0
  const files: Readonly<Record<string, string | undefined>> = {
    '/etc/os-release': 'ID=debian\nPRETTY_NAME="Debian 12"\n',
    '/var/lock': '',
    ...given.files,
  }
  const act = (command: string, args: readonly string[]): Captured => {
    const line = slashed([command === process.execPath ? 'node' : command, ...args].join(' '))
    ran.push(line)
    return { code: 0, stdout: '', stderr: '', ...given.answer?.(line) }
  }
  const host: Host = {
    platform: given.platform ?? 'linux',
    arch: given.arch ?? 'x64',
    uid: given.uid ?? 0,
    user: 'alice',
    interactive: given.interactive ?? false,
    env: given.env ?? {},
    say: (line) => void said.push(line),
    print: (text) => void printed.push(text),
    exists: (path) => files[slashed(path)] !== undefined,
    read: (path) => files[slashed(path)],
    stat: () => given.kvm,
    hasCommand: (command) => (given.commands ?? ['sudo', 'libvirtd', 'tini']).includes(command),
    capture: (command, args) => Promise.resolve(act(command, args)),
    run: (command, args) => Promise.resolve(act(command, args).code),
    detach: (command, args) => {
      ran.push(`(detached) ${[command, ...args].join(' ')}`)
      return given.daemon ?? { pid: 4242, ended: () => undefined }
    },
    now: () => clockMs,
    pause: (delayMs) => {
      clockMs += delayMs
      return Promise.resolve()
    },
  }
  return { host, ran, said, printed }
}
