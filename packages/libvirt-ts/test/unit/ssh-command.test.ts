import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parseUri, UriError } from '../../src/index.ts'
import { sshCommand } from '../../src/transport/ssh-command.ts'

const commandOf = (uri: string, isReadOnly = false): readonly string[] =>
  sshCommand(parseUri(uri, {}, 1000), isReadOnly)

/** What the far shell is given. */
const scriptOf = (uri: string, isReadOnly = false): string => commandOf(uri, isReadOnly).at(-1) ?? ''

describe('the ssh command', () => {
  it('is an array: port, user, key, then the host behind a --, and never a question', () => {
    const command = commandOf('qemu+ssh://alice@kvm1:2222/system?keyfile=/k%2520y&known_hosts=/a b&no_verify=1')
    expect(command.slice(0, -1)).toEqual([
      ...['ssh', '-p', '2222', '-l', 'alice', '-i', '/k%%20y', '-T', '-e', 'none'],
      ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'StrictHostKeyChecking=no'],
      ...['-o', 'UserKnownHostsFile="/a b"', '-o', 'GlobalKnownHostsFile=/dev/null'],
      ...['--', 'kvm1'],
    ])
    expect(commandOf('qemu+ssh:///system?command=/opt/ssh')).toEqual(expect.arrayContaining(['/opt/ssh', 'localhost']))
    expect(commandOf('qemu+ssh://h/system?known_hosts_verify=auto')).toContain('StrictHostKeyChecking=accept-new')
    expect(commandOf('qemu+ssh://h/system').join(' ')).not.toContain('StrictHostKeyChecking')
  })

  it("prefers libvirt's helper, and takes the socket only where one is named or the helper is missing", () => {
    expect(scriptOf('qemu+ssh://h/system')).toMatch(
      /exec virt-ssh-helper "qemu:\/\/\/system"; fi; for s in .*nc.*socat/,
    )
    expect(scriptOf('qemu+ssh://h/system', true)).toContain('virt-ssh-helper -r "qemu:///system"')
    expect(scriptOf('qemu+ssh://h/system?socket=/s/sock')).not.toContain('exec virt-ssh-helper')
    expect(scriptOf('qemu+ssh://h/system?netcat=/opt/nc')).toMatch(/exec \/opt\/nc \$q -U/)
    expect(scriptOf('qemu+ssh://h/system?proxy=netcat')).not.toContain('exec virt-ssh-helper')
    expect(scriptOf('qemu+ssh://h/system?proxy=native')).not.toContain('-U')
    expect(scriptOf('qemu+ssh://h/session')).not.toContain('-U')
  })

  it('gives the far shell one quoted script that any shell reads alike', () => {
    for (const query of ['', '?proxy=native', '?socket=/s', '?netcat=nc', '?mode=direct']) {
      const script = scriptOf(`qemu+ssh://h/system${query}`)
      expect(script).toMatch(/^sh -c '[^'!\\\n]*'$/)
      if (process.platform !== 'win32') execFileSync('sh', ['-n', '-c', script.slice(7, -1)])
    }
  })

  it.each([
    ['qemu+ssh://h/system?socket=/a%27%3Breboot%3B%27', 'path of a socket'],
    ['qemu+ssh://h/system?socket=/$(reboot)', 'path of a socket'],
    ['qemu+ssh://h/system?netcat=nc%20-e%20sh', 'program'],
    ['qemu+ssh://h/system?netcat=-e', 'program'],
    ['qemu+ssh://h/system?name=qemu:///system%22%3Breboot%3B%22', 'connection URI'],
    ['qemu+ssh://-oProxyCommand=reboot/system', 'host name'],
    ['qemu+ssh://$(reboot)/system', 'host name'],
    ['qemu+ssh://$(reboot)@h/system', 'user name'],
    ['qemu+ssh://-x@h/system', 'user name'],
    ['qemu+ssh://h/system?known_hosts=/a%22%20/b', 'ssh cannot read a file'],
    ['qemu+ssh://h/system?proxy=socks', 'proxy=socks is not a proxy'],
    ['qemu+ssh://h/system?proxy=native&socket=/s', 'socket cannot be given together'],
    ['qemu+ssh://h/session?proxy=netcat', 'started by virt-ssh-helper'],
    ['qemu+ssh://h/system?known_hosts_verify=maybe', 'known_hosts_verify=maybe'],
  ])('%s is refused, not quoted', (uri, reason) => {
    expect(() => commandOf(uri)).toThrow(UriError)
    expect(() => commandOf(uri)).toThrow(reason)
  })
})
