import { createServer } from 'node:net'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { AUTH_LIST_CALL, askSocket, type SocketState } from '../../../scripts/host-setup/libvirt-socket.mjs'
import { ensureLibvirt, sayKvmTrap, sessionSocket } from '../../../scripts/host-setup/libvirt.mjs'
import { fakeHost, type Given } from './fake-host.ts'

const SYSTEM = '/run/libvirt/libvirt-sock'
const LINUX = { kind: 'debian', name: 'Debian 12', hasSystemd: false } as const
const WITH_SYSTEMD = { ...LINUX, hasSystemd: true }

/** Sockets by path; one with several states shows them one after the other. */
function sockets(states: Record<string, SocketState | SocketState[]>) {
  return (path: string) => {
    const given = states[path] ?? 'absent'
    const state = typeof given === 'string' ? given : ((given.length > 1 ? given.shift() : given[0]) ?? 'absent')
    return Promise.resolve(state)
  }
}

async function ensure(
  platform: typeof LINUX | typeof WITH_SYSTEMD,
  ask: (path: string) => Promise<SocketState>,
  given: Given = {},
) {
  const fake = fakeHost(given)
  await ensureLibvirt(fake.host, platform, ask)
  return { ...fake, words: fake.said.join('\n') }
}

describe('ensureLibvirt', () => {
  it('uses one that answers and starts nothing', async () => {
    const { ran, words } = await ensure(LINUX, sockets({ [SYSTEM]: 'answers' }))
    expect(ran).toEqual([])
    expect(words).toContain(`one answers at ${SYSTEM}`)
  })

  it('uses the one of a host with a daemon for each driver', async () => {
    const { ran } = await ensure(LINUX, sockets({ '/run/libvirt/virtqemud-sock': 'answers' }))
    expect(ran).toEqual([])
  })

  it('leaves the choice to LIBVIRT_DEFAULT_URI', async () => {
    const { ran } = await ensure(LINUX, sockets({}), { env: { LIBVIRT_DEFAULT_URI: 'qemu+ssh://hv01/system' } })
    expect(ran).toEqual([])
  })

  it('without systemd starts virtlogd, then libvirtd under tini, and says how to stop them', async () => {
    const { ran, words } = await ensure(LINUX, sockets({ [SYSTEM]: ['absent', 'absent', 'absent', 'answers'] }))
    expect(ran).toEqual(['virtlogd -d', '(detached) tini -s -- libvirtd'])
    expect(words).toMatch(/left running[^]*kill 4242/)
  })

  it('makes the folder of the locks where no init did', async () => {
    const { ran } = await ensure(LINUX, sockets({ [SYSTEM]: ['absent', 'answers'] }), {
      files: { '/var/lock': undefined },
    })
    expect(ran[0]).toBe('install -d -m 1777 /run/lock')
  })

  it('cannot make that folder for a user, and gives the command', async () => {
    const outcome = ensure(LINUX, sockets({}), { uid: 1000, files: { '/var/lock': undefined } })
    await expect(outcome).rejects.toThrow('sudo install -d -m 1777 /run/lock')
  })

  it('does not start a second virtlogd', async () => {
    const { ran } = await ensure(
      LINUX,
      sockets({ [SYSTEM]: ['absent', 'answers'], '/run/libvirt/virtlogd-sock': 'silent' }),
    )
    expect(ran).toEqual(['(detached) tini -s -- libvirtd'])
  })

  it('with systemd starts the service', async () => {
    const { ran } = await ensure(WITH_SYSTEMD, sockets({ [SYSTEM]: ['absent', 'answers'] }))
    expect(ran).toEqual(['systemctl start libvirtd'])
  })

  it('gives up at a deadline with the last words of the daemon', async () => {
    const files = { '/var/log/azl-vm-libvirtd.log': 'cannot open /dev/null\n' }
    await expect(ensure(LINUX, sockets({}), { files })).rejects.toThrow(/not answered in 30 s[^]*cannot open/)
  })

  it('does not wait for a daemon that is gone', async () => {
    const daemon = { pid: 1, ended: () => 'exit code 1' }
    await expect(ensure(LINUX, sockets({}), { daemon })).rejects.toThrow('ended at once (exit code 1)')
  })

  it('does not start a second beside one that hangs', async () => {
    await expect(ensure(LINUX, sockets({ [SYSTEM]: 'silent' }))).rejects.toThrow('does not answer')
  })

  it('for a user without rights names the group and starts their own', async () => {
    const session = '/run/user/1000/libvirt/libvirt-sock'
    const { ran, words } = await ensure(
      WITH_SYSTEMD,
      sockets({ [SYSTEM]: 'denied', [session]: ['absent', 'answers'] }),
      {
        uid: 1000,
        env: { XDG_RUNTIME_DIR: '/run/user/1000' },
      },
    )
    expect(words).toContain('sudo usermod -aG libvirt alice')
    expect(ran).toEqual(['(detached) tini -s -- libvirtd --timeout 120'])
  })

  it('for a user uses their own where it answers', async () => {
    const { ran } = await ensure(LINUX, sockets({ '/h/.cache/libvirt/libvirt-sock': 'answers' }), {
      uid: 1000,
      env: { HOME: '/h' },
    })
    expect(ran).toEqual([])
  })
})

describe('sessionSocket', () => {
  it('is in the runtime folder, else in the cache', () => {
    expect(sessionSocket(fakeHost({ env: { XDG_RUNTIME_DIR: '/run/user/7' } }).host)).toBe(
      '/run/user/7/libvirt/libvirt-sock',
    )
    expect(sessionSocket(fakeHost({ env: { HOME: '/h' } }).host)).toBe('/h/.cache/libvirt/libvirt-sock')
  })
})

describe('sayKvmTrap', () => {
  const words = (kvm?: Given['kvm']) => {
    const fake = fakeHost(kvm === undefined ? {} : { kvm })
    sayKvmTrap(fake.host)
    return fake.said.join('\n')
  }

  it('tells of a device that only root can open, and leaves it', () => {
    expect(words({ mode: 0o20600, uid: 0, gid: 0 })).toContain('chgrp kvm /dev/kvm')
    expect(words({ mode: 0o20660, uid: 0, gid: 0 })).toContain('chgrp kvm /dev/kvm')
  })

  it('is silent where it is shared, or not there', () => {
    expect(words({ mode: 0o20660, uid: 0, gid: 106 })).toBe('')
    expect(words({ mode: 0o20666, uid: 0, gid: 0 })).toBe('')
    expect(words()).toBe('')
  })
})

describe('askSocket', () => {
  beforeEach(({ skip }) => skip(process.platform === 'win32', 'Windows has no socket files to serve on'))

  function serve(answer: (call: Buffer) => Buffer | undefined): Promise<string> {
    const path = join(mkdtempSync(join(tmpdir(), 'azl-')), 's')
    const server = createServer((socket) =>
      socket.on('data', (call) => {
        const reply = answer(call)
        if (reply !== undefined) socket.write(reply)
      }),
    )
    onTestFinished(() => void server.close())
    return new Promise((resolve) => server.listen(path, () => resolve(path)))
  }

  it('takes an answer for an answer', async () => {
    const calls: Buffer[] = []
    const path = await serve((call) => (calls.push(call), Buffer.from([1])))
    expect(await askSocket(path)).toBe('answers')
    expect(calls).toEqual([AUTH_LIST_CALL])
  })

  it('is not fooled by a daemon that accepts and hangs', async () => {
    expect(await askSocket(await serve(() => undefined), 20)).toBe('silent')
  })

  it('finds nothing where nothing is', async () => {
    expect(await askSocket(join(tmpdir(), 'azl-no-such-socket'))).toBe('absent')
  })
})
