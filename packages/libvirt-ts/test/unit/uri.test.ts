import { describe, expect, it } from 'vitest'
import { parseUri, UriError } from '../../src/index.ts'

const user = { XDG_RUNTIME_DIR: '/run/user/1000', HOME: '/home/u' }

describe('connection URIs', () => {
  it('lead to the system daemon: virtqemud where it is, else libvirtd', () => {
    expect(parseUri('qemu:///system', {}, 1000)).toMatchObject({
      driver: 'qemu',
      transport: 'unix',
      remoteUri: 'qemu:///system',
      socketPaths: [
        '/run/libvirt/virtqemud-sock',
        '/run/libvirt/libvirt-sock',
        '/var/run/libvirt/virtqemud-sock',
        '/var/run/libvirt/libvirt-sock',
      ],
      readOnlySocketPath: '/run/libvirt/virtqemud-sock-ro',
    })
    expect(parseUri('qemu:///system?mode=legacy', {}, 1000).socketPath).toBe('/run/libvirt/libvirt-sock')
    expect(parseUri('qemu:///system?mode=direct', {}, 1000).socketPaths).toEqual([
      '/run/libvirt/virtqemud-sock',
      '/var/run/libvirt/virtqemud-sock',
    ])
  })

  it("lead to the user's own daemon for /session", () => {
    expect(parseUri('qemu:///session', user, 1000).socketPaths).toEqual([
      '/run/user/1000/libvirt/virtqemud-sock',
      '/run/user/1000/libvirt/libvirt-sock',
    ])
    expect(parseUri('qemu:///session', { HOME: '/home/u' }, 1000).socketPath).toBe(
      '/home/u/.cache/libvirt/virtqemud-sock',
    )
    expect(parseUri('qemu:///session', user, 0).socketPath).toBe('/run/libvirt/virtqemud-sock')
    expect(parseUri('qemu:///session', user, 1000)).toMatchObject({
      isUserDaemon: true,
      daemons: ['virtqemud', 'libvirtd'],
    })
    expect(parseUri('qemu:///session?mode=legacy', user, 1000).daemons).toEqual(['libvirtd'])
    expect(parseUri('qemu:///session?socket=/s', user, 1000).isUserDaemon).toBe(false)
    expect(parseUri('qemu+ssh://host/session', user, 1000).isUserDaemon).toBe(false)
    expect(parseUri('qemu:///session', user, 0).isUserDaemon).toBe(false)
  })

  it('may name the socket, which is ours and not sent on, as are all parameters of the client', () => {
    const target = parseUri('qemu+unix:///system?socket=/tmp/a%20b/sock&no_verify=1', {}, 0)
    expect(target.socketPaths).toEqual(['/tmp/a b/sock'])
    expect(target.readOnlySocketPath).toBe('/tmp/a b/sock')
    expect(target).toMatchObject({ remoteUri: 'qemu:///system', isUnverified: true, isUserDaemon: false })
    expect(parseUri('test+unix:///default?socket=/s', {}, 1000)).toMatchObject({
      driver: 'test',
      remoteUri: 'test:///default',
      socketPath: '/s',
    })
  })

  it('may say what the daemon is asked to open', () => {
    expect(parseUri('qemu+unix:///system?name=test:///default', {}, 0).remoteUri).toBe('test:///default')
  })

  it('name a host for other transports, TLS where none is said', () => {
    expect(parseUri('qemu+ssh://root@[fe80::1]:2222/system', {}, 0)).toMatchObject({
      transport: 'ssh',
      user: 'root',
      host: 'fe80::1',
      port: 2222,
      remoteUri: 'qemu:///system',
    })
    expect(parseUri('qemu://host/system', {}, 0).transport).toBe('tls')
  })

  it('come from LIBVIRT_DEFAULT_URI where none is given, else as libvirt would probe', () => {
    expect(parseUri(undefined, { LIBVIRT_DEFAULT_URI: 'test:///default' }, 0)).toMatchObject({
      uri: 'test:///default',
      origin: 'LIBVIRT_DEFAULT_URI',
    })
    expect(parseUri(undefined, {}, 0)).toMatchObject({ uri: 'qemu:///system', origin: 'default' })
    expect(parseUri(undefined, user, 1000).uri).toBe('qemu:///session')
    expect(parseUri('', { LIBVIRT_DEFAULT_URI: '' }, undefined).uri).toBe('qemu:///system')
  })

  it.each([
    ['qemu', 'is not a libvirt connection URI'],
    ['qemu:/system', 'is not a libvirt connection URI'],
    ['qemu+carrier-pigeon:///system', 'is not a libvirt connection URI'],
    ['qemu+pigeon:///system', "'pigeon' is not a transport"],
    ['qemu+unix://system', 'the unix transport has no host'],
    ['qemu:///system?mode=fast', 'mode=fast is not a mode'],
    ['qemu:///system?socket=%zz', 'broken %-escape'],
    ['qemu+ssh://h:99999/system', 'port 99999'],
    ['http://h', "'http://', which the daemon would be asked to open, is no URI"],
    ['qemu:///system?name=elsewhere', "'elsewhere', which the daemon would be asked to open, is no URI"],
    ['qemu+ssh://h/system?keyfil=/k', "there is no parameter 'keyfil'"],
    ['qemu://h/system?no_verify=yes', 'no_verify=yes is neither 0 nor 1'],
    ['qemu://h/system?tls_priority=NORMAL', 'tls_priority is written for GnuTLS'],
  ])('%s is refused with the reason', (uri, reason) => {
    expect(() => parseUri(uri, {}, 0)).toThrow(UriError)
    expect(() => parseUri(uri, {}, 0)).toThrow(reason)
  })
})
