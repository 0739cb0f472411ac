import { describe, expect, it } from 'vitest'
import { chooseHost } from '../../../providers/kvm/host.ts'

describe('the host of a spec', () => {
  it('is the system’s libvirt behind ssh where only ssh is named', async () => {
    expect(await chooseHost('ssh://admin@kvm1:2222', {}, 1000)).toMatchObject({
      uri: 'qemu+ssh://admin@kvm1:2222/system',
      isLocal: false,
      isSession: false,
      remote: { host: 'kvm1', user: 'admin', port: 2222 },
    })
    await expect(chooseHost('ssh://kvm1/session', {}, 1000)).rejects.toThrow('is not ssh://USER@HOST')
  })

  it('is another computer with its own files, also over TLS, where ssh’s user and port are not known', async () => {
    expect(await chooseHost('qemu://kvm1:1/system', {}, 1000)).toMatchObject({
      isLocal: false,
      remote: { host: 'kvm1', user: undefined, port: undefined },
    })
    expect(await chooseHost('qemu:///session', { HOME: '/home/u' }, 1000)).toMatchObject({
      isLocal: true,
      isSession: true,
      remote: undefined,
    })
  })

  it('names a program to run only where it comes from the environment', async () => {
    const uri = 'qemu+ssh://kvm1/system?command=/opt/ssh'
    expect(await chooseHost(uri, {}, 1000)).toMatchObject({ isProgramNamed: true })
    expect(await chooseHost('local', { LIBVIRT_DEFAULT_URI: uri }, 1000)).toMatchObject({ isProgramNamed: false })
  })
})
