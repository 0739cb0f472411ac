/** A libvirt on another computer, through a real sshd, and the libvirt of a user who is nobody. */
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd } from '../support/tool-world.ts'
import { openProcessNamespace } from '../support/process-namespace.ts'
import { sshUnavailable, startSshServer, type SshServer } from '../support/ssh-server.ts'

const nobody = 65534

describeE2e('a host behind ssh', (world) => {
  let ssh: SshServer | undefined
  const reason = sshUnavailable()
  beforeEach(({ skip }) => skip(reason !== undefined, reason))
  beforeAll(async () => {
    if (reason === undefined) ssh = await startSshServer({ inside: await world().daemonProcess('libvirtd') })
  })
  afterAll(() => ssh?.stop())
  const server = (): SshServer => {
    if (ssh === undefined) throw new Error('there is no sshd')
    return ssh
  }
  const hostOf = (more: Readonly<Record<string, string>> = {}): string => {
    const { port, keyFile, knownHosts } = server()
    const query = new URLSearchParams({ keyfile: keyFile, known_hosts: knownHosts, ...more })
    return `qemu+ssh://root@127.0.0.1:${port}/system?${query.toString()}`
  }

  it('gets its medium uploaded; status says the way in, logs are read from there, destroy leaves nothing', async () => {
    const user = await world().user()
    const host = hostOf()
    // The same libvirt would answer here too, under another name.
    const options = { env: { LIBVIRT_DEFAULT_URI: 'qemu+unix:///system?socket=/nowhere/sock' } }
    const spec = await world().spec('afar', { host, source: { probe: { then: 'wait' } } })
    const made = await user.json(['up', spec], options)
    const via = { host: '127.0.0.1', user: 'root', port: server().port }
    expect(made).toMatchObject({
      action: 'created',
      machine: { state: 'running', installer: expect.stringContaining('/iso-') as string },
      probe: { then: 'wait', droppedBytes: 0 },
      endpoint: { address: '127.0.0.1', via },
    })
    const status = await user.run(['status', 'afar'], options)
    expect(status.stdout, tellEnd(status)).toContain(`, through root@127.0.0.1 port ${server().port}`)
    const logs = await user.run(['logs', 'afar'], options)
    expect(logs.stdout, tellEnd(logs)).toMatch(/BdsDxe: starting/)
    expect(await user.run(['destroy', 'afar'], options)).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('that is not trusted, refuses us, or is not there: says so once, with what to do, and nothing is made', async () => {
    const user = await world().user()
    const env = { SSH_AUTH_SOCK: undefined }
    const faults = [
      {
        host: hostOf({ known_hosts: server().wrongKnownHosts }),
        says: /another host key than the known one/,
        fix: /ssh-keygen -R/,
      },
      { host: hostOf({ keyfile: server().otherKeyFile }), says: /refuses our keys/, fix: /ssh-copy-id/ },
      { host: 'ssh://root@no-such-host.invalid', says: /there is no such host/, fix: /getent hosts/ },
    ]
    for (const { host, says, fix } of faults) {
      const end = await user.run(['up', await world().spec('nowhere', { host })], { env })
      expect(end.exitCode, tellEnd(end)).toBe(3)
      expect(end.stderr).toMatch(says)
      expect(end.stderr).toMatch(fix)
    }
    expect(await world().leftBehind()).toEqual([])
  })

  it('that cannot be read is a fault at its key', async () => {
    const user = await world().user()
    const faults = {
      'qemu+shs://kvm1/system': /'shs' is not a transport/,
      'qemu+ssh://kvm1/system?keyfil=/k': /there is no parameter 'keyfil'/,
      'ssh://kvm1/system': /is not ssh:\/\/USER@HOST/,
      'qemu+ssh://kvm1/system?socket=/a$(reboot)': /cannot be used as a path of a socket over ssh/,
      'qemu+ssh://kvm1/system?command=/bin/true': /names a program to run here/,
    }
    for (const [host, says] of Object.entries(faults)) {
      const text = `version: 1\nname: nowhere\nsource: { probe: {} }\nhost: ${host}\n`
      const end = await user.run(['up', await world().write('fault.yaml', text)])
      expect(end.exitCode, tellEnd(end)).toBe(2)
      expect(end.stderr).toMatch(/fault\.yaml:4:7: host: /)
      expect(end.stderr).toMatch(says)
    }
  })

  it("of a user who is not root is that user's own: the daemon is started, the probe boots, all of it goes", async () => {
    const user = await world().user()
    const runtime = await mkdtemp('/tmp/azl-run-')
    await Promise.all([user.home, runtime].map((folder) => chown(folder, nobody, nobody)))
    const processes = await openProcessNamespace()
    const options = {
      by: processes.enter,
      isNobody: true,
      env: { XDG_RUNTIME_DIR: runtime, LIBVIRT_DEFAULT_URI: undefined },
    }
    try {
      const spec = await world().spec('own', { host: 'qemu:///session', source: { probe: { then: 'wait' } } })
      expect(await processes.find('libvirtd')).toBeUndefined()
      expect(await user.json(['up', spec], options)).toMatchObject({
        action: 'created',
        machine: { state: 'running' },
        probe: { then: 'wait', droppedBytes: 0 },
        endpoint: { address: '127.0.0.1' },
      })
      expect(await processes.find('libvirtd')).toBeGreaterThan(0)
      const doctor = await user.run(['doctor', '--host', 'qemu:///session'], options)
      expect(doctor.stdout, tellEnd(doctor)).toMatch(/answers at qemu:\/\/\/session \(named\)/)
      expect(await user.run(['destroy', 'own'], options)).toMatchObject({ exitCode: 0 })
      const left = await readdir(join(user.home, '.local', 'share', 'libvirt', 'images')).catch(() => [])
      expect(left).toEqual([])
      const defined = await readdir(join(user.home, '.config', 'libvirt', 'qemu')).catch(() => [])
      expect(defined.filter((name) => name.endsWith('.xml'))).toEqual([])
    } finally {
      await processes.end()
      await rm(runtime, { recursive: true, force: true })
    }
  })
})
