import { renameSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AbortedError, AuthenticationError, connect, ConnectionError } from '../../src/index.ts'
import type { Dialer } from '../../src/index.ts'
import { fault, ScriptedServer } from '../../src/testing/index.ts'
import { unixDialer } from '../../src/transport/unix.ts'
import { parseUri } from '../../src/uri.ts'

describe('opening a connection', () => {
  it('asks for authentication first, then opens what the URI says', async () => {
    const server = new ScriptedServer()
    const connection = await connect('test+unix:///default?socket=/x', { dialer: server.dialer, readOnly: true })
    expect(server.calls).toEqual([
      { name: 'authList', args: undefined },
      { name: 'connectSupportsFeature', args: { feature: 10 } },
      { name: 'connectOpen', args: { name: 'test:///default', flags: 1 } },
    ])
    await connection.close()
  })

  it('goes over a real socket too', async () => {
    await using server = new ScriptedServer()
    server.handle('connectGetHostname', () => ({ hostname: 'node1' }))
    const connection = await connect(await server.listen())
    expect(await connection.hostname()).toBe('node1')
    await connection.close()
    expect(await connection.closed).toBeUndefined()
  })

  it('passes polkit where it says yes', async () => {
    const server = new ScriptedServer()
    server.handle('authList', () => ({ types: [2] })).handle('authPolkit', () => ({ complete: 1 }))
    const connection = await connect('test:///default', { dialer: server.dialer })
    expect(server.calls.map(({ name }) => name)).toContain('authPolkit')
    await connection.close()
  })

  it('says what to do where polkit refuses', async () => {
    const server = new ScriptedServer()
    server
      .handle('authList', () => ({ types: [2] }))
      .handle('authPolkit', () => {
        throw fault('auth-failed', 'authentication failed: no agent', 'polkit')
      })
    const failure = await connect('qemu:///system', { dialer: server.dialer }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AuthenticationError)
    expect(failure).toMatchObject({
      mechanism: 'polkit',
      hint: expect.stringContaining('usermod -aG libvirt') as string,
      cause: { codeName: 'auth-failed', domainName: 'polkit' },
    })
    expect(server.connections.size).toBe(0)
  })

  it('refuses SASL by name, with the fix', async () => {
    const server = new ScriptedServer().handle('authList', () => ({ types: [1] }))
    const failure = connect('qemu:///system', { dialer: server.dialer })
    await expect(failure).rejects.toMatchObject({
      name: 'AuthenticationError',
      mechanism: 'sasl',
      message: expect.stringContaining('SASL') as string,
      hint: expect.stringContaining('auth_unix_rw') as string,
    })
  })

  it('takes another way where SASL is only one of several, and refuses what it does not know', async () => {
    const server = new ScriptedServer().handle('authList', () => ({ types: [1, 0] }))
    await (await connect('test:///default', { dialer: server.dialer })).close()
    server.handle('authList', () => ({ types: [77] }))
    await expect(connect('test:///default', { dialer: server.dialer })).rejects.toMatchObject({ mechanism: 'unknown' })
  })

  it("passes on the daemon's refusal to open", async () => {
    const server = new ScriptedServer().handle('connectOpen', () => {
      throw fault('no-connect', 'no connection driver available for nix:///')
    })
    await expect(connect('nix+unix:///', { dialer: server.dialer })).rejects.toMatchObject({ codeName: 'no-connect' })
  })

  it('can be aborted while it dials, while it waits, and before', async () => {
    const silent: Dialer = {
      dial: (_target, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new AbortedError('connecting', signal.reason)))
        }),
    }
    const controller = new AbortController()
    const dialling = connect('test:///default', { dialer: silent, signal: controller.signal })
    controller.abort()
    await expect(dialling).rejects.toBeInstanceOf(AbortedError)
    await expect(connect('test:///default', { signal: controller.signal })).rejects.toBeInstanceOf(AbortedError)

    const server = new ScriptedServer().handle('connectOpen', () => new Promise(() => undefined))
    const late = new AbortController()
    const opening = connect('test:///default', { dialer: server.dialer, signal: late.signal })
    await server.seen('connectOpen')
    late.abort()
    await expect(opening).rejects.toBeInstanceOf(AbortedError)
  })
})

describe.skipIf(process.platform === 'win32')('a socket that cannot be opened', () => {
  it('that is missing: says which, and how to start a daemon', async () => {
    const failure = await connect('qemu+unix:///system?socket=/nowhere/sock').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConnectionError)
    expect(failure).toMatchObject({
      reason: 'socket-missing',
      message: expect.stringContaining('/nowhere/sock') as string,
      hint: expect.stringContaining('systemctl start libvirtd') as string,
    })
    // Root's own daemon is the system's, whose socket this machine may have: an ordinary user's is asked for.
    const env = { XDG_RUNTIME_DIR: '/nowhere', LIBVIRT_AUTOSTART: '0' }
    const target = parseUri('qemu:///session', env, 1000)
    await expect(unixDialer.dial(target, { env, isReadOnly: false })).rejects.toMatchObject({
      reason: 'socket-missing',
      hint: expect.stringContaining('libvirtd --daemon') as string,
    })
  })

  it('with nobody behind it: says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-ts-'))
    const path = join(folder, 'sock')
    await new Promise<void>((resolve) => {
      const server = createServer().listen(path, () => {
        // Closing would remove the file: a daemon that was killed leaves it.
        renameSync(path, `${path}.kept`)
        server.close(() => resolve())
      })
    })
    renameSync(`${path}.kept`, path)
    await expect(connect(`test+unix:///default?socket=${path}`)).rejects.toMatchObject({ reason: 'refused' })
    await rm(folder, { recursive: true })
  })

  it('without the right to: names the group', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-ts-'))
    const path = join(folder, 'sock')
    await writeFile(path, '', { mode: 0 })
    const failure = asNobody(() => connect(`test+unix:///default?socket=${path}`))
    await expect(failure).rejects.toMatchObject({
      reason: 'permission-denied',
      hint: expect.stringContaining('usermod -aG libvirt') as string,
    })
    await rm(folder, { recursive: true })
  })

  it('of another transport: says what to give', async () => {
    await expect(connect('qemu+libssh2://root@kvm1/system')).rejects.toMatchObject({
      reason: 'transport-unsupported',
      message: expect.stringContaining("'libssh2'") as string,
      hint: expect.stringContaining('qemu+ssh://kvm1/system') as string,
    })
  })
})

/** Root may open everything: as root, another user's eyes are borrowed for the moment in which the socket is opened. */
function asNobody<T>(act: () => T): T {
  if (process.geteuid?.() !== 0) return act()
  process.seteuid?.(65534)
  try {
    return act()
  } finally {
    process.seteuid?.(0)
  }
}
