import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBelow } from '../../../../test/support/process-below.ts'
import { sshUnavailable, startSshServer } from '../../../../test/support/ssh-server.ts'
import type { SshServer, SshServerOptions } from '../../../../test/support/ssh-server.ts'
import { connect } from '../../src/index.ts'
import { collect } from '../support/collect.ts'
import { describeWithDaemon } from '../support/daemon.ts'

const reason = sshUnavailable()
const title = reason === undefined ? 'over ssh' : `over ssh [skipped: ${reason}]`

describe.skipIf(reason !== undefined)(title, () => {
  describeWithDaemon('to a real sshd', (daemon) => {
    const servers: SshServer[] = []
    let ssh: SshServer
    const start = async (options: SshServerOptions = {}): Promise<SshServer> => {
      const inside = await findBelow(daemon().pid, 'libvirtd')
      if (inside === undefined) throw new Error('libvirtd does not run')
      const server = await startSshServer({ inside, ...options })
      servers.push(server)
      return server
    }
    const uriOf = (server: SshServer, parameters: Readonly<Record<string, string>> = {}, user = 'root'): string => {
      const query = new URLSearchParams({ keyfile: server.keyFile, known_hosts: server.knownHosts, ...parameters })
      return `qemu+ssh://${user}@127.0.0.1:${server.port}/system?${query.toString()}`
    }
    beforeAll(async () => {
      ssh = await start()
    })
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
    })

    it("reaches the daemon through libvirt's own helper, with transfers on connections of their own", async () => {
      const connection = await connect(uriOf(ssh))
      expect(await connection.remoteUri()).toBe('qemu:///system')
      const pool = await connection.createPool(
        "<pool type='dir'><name>over-ssh</name><target><path>/var/lib/libvirt/images</path></target></pool>",
      )
      const bytes = Buffer.alloc(3 * 1024 * 1024, 'libvirt over ssh ')
      const xml = `<volume><name>v</name><capacity unit='bytes'>${bytes.length}</capacity></volume>`
      const volume = await pool.createVolume(xml)
      expect(await volume.upload([bytes])).toBe(bytes.length)
      expect(bytes.equals(await collect(volume.download()))).toBe(true)
      await volume.delete()
      await pool.destroy()
      await connection.close()
      expect(await connection.closed).toBeUndefined()
    })

    it('reaches a named socket, or any where the helper is missing, through socat', async () => {
      const connection = await connect(uriOf(ssh, { socket: daemon().socketPath }))
      expect(await connection.hypervisorType()).toBe('QEMU')
      await connection.close()
      const bare = await start({ programs: ['socat'] })
      const second = await connect(uriOf(bare), { readOnly: true })
      expect(await second.hypervisorType()).toBe('QEMU')
      await second.close()
    })

    it('says that nothing on the host leads to libvirt, or that no libvirt is there', async () => {
      const bare = await start({ programs: [] })
      await expect(connect(uriOf(bare))).rejects.toMatchObject({
        name: 'ConnectionError',
        reason: 'helper-missing',
        hint: expect.stringContaining('virt-ssh-helper') as string,
        cause: { message: expect.stringContaining('virt-ssh-helper, nc with -U, socat') as string },
      })
      await expect(connect(uriOf(ssh, { netcat: 'no-such-nc' }))).rejects.toMatchObject({ reason: 'helper-missing' })
      await expect(connect(uriOf(ssh, { socket: '/nowhere/sock' }))).rejects.toMatchObject({
        reason: 'socket-missing',
        message: expect.stringContaining('/nowhere/sock') as string,
      })
      const here = await startSshServer({ programs: ['virt-ssh-helper'] })
      servers.push(here)
      await expect(connect(uriOf(here, { mode: 'direct' }))).rejects.toMatchObject({ reason: 'socket-missing' })
    })

    it('refuses a host whose key is another one or not known, unless told not to look', async () => {
      await expect(connect(uriOf(ssh, { known_hosts: ssh.wrongKnownHosts }))).rejects.toMatchObject({
        reason: 'host-not-trusted',
        message: expect.stringContaining('another host key') as string,
        hint: expect.stringContaining('ssh-keygen -R') as string,
        cause: { message: expect.stringContaining('REMOTE HOST IDENTIFICATION HAS CHANGED') as string },
      })
      await expect(connect(uriOf(ssh, { known_hosts: ssh.emptyKnownHosts }))).rejects.toMatchObject({
        reason: 'host-not-trusted',
        message: expect.stringContaining('not known') as string,
      })
      const trusting = await connect(uriOf(ssh, { known_hosts: '/dev/null', no_verify: '1' }))
      await trusting.close()
    })

    it('says that the host refuses our keys, that nobody listens, that there is no such host', async () => {
      await expect(connect(uriOf(ssh, { keyfile: ssh.otherKeyFile }), { env: noAgent })).rejects.toMatchObject({
        reason: 'permission-denied',
        hint: expect.stringContaining('ssh-copy-id') as string,
        cause: { message: expect.stringContaining('Permission denied (publickey)') as string },
      })
      const gone = await startSshServer()
      await gone.stop()
      await expect(connect(uriOf(gone))).rejects.toMatchObject({ reason: 'refused' })
      await expect(connect('qemu+ssh://no-such-host.invalid/system')).rejects.toMatchObject({ reason: 'host-unknown' })
      await expect(connect(uriOf(ssh, { command: '/nowhere/ssh' }))).rejects.toMatchObject({ reason: 'tool-missing' })
    })

    it('is aborted while ssh still talks, and tells a broken line', async () => {
      const controller = new AbortController()
      const opening = connect(uriOf(ssh), { signal: controller.signal })
      controller.abort()
      await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
      const server = await start()
      const connection = await connect(uriOf(server))
      await server.stop()
      expect(await connection.closed).toMatchObject({ name: 'ConnectionError' })
      await expect(connection.hostname()).rejects.toMatchObject({ name: 'ConnectionError' })
    })
  })
})

/** An agent of whoever runs the tests might have a key that fits. */
const noAgent = { ...process.env, SSH_AUTH_SOCK: undefined }
