import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import type { Server } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fingerprintOf, makeAuthority, makeCertificate } from '../../../../test/support/certificates.ts'
import type { Certificate } from '../../../../test/support/certificates.ts'
import { libvirtUnavailable, startLibvirtDaemon } from '../../../../test/support/libvirt-daemon.ts'
import type { LibvirtDaemon } from '../../../../test/support/libvirt-daemon.ts'
import { listenForProcess } from '../../../../test/support/port-to-process.ts'
import type { PortToProcess } from '../../../../test/support/port-to-process.ts'
import { findBelow } from '../../../../test/support/process-below.ts'
import { connect } from '../../src/index.ts'
import type { Connection, TlsOptions } from '../../src/index.ts'
import { collect } from '../support/collect.ts'
import { describeWhere } from '../../../../test/support/describe-where.ts'

const reason =
  libvirtUnavailable() ?? ['openssl', 'socat'].map((tool) => missing(tool)).find((each) => each !== undefined)

function missing(tool: string): string | undefined {
  return spawnSync(tool, ['-h'], { stdio: 'ignore' }).error === undefined ? undefined : `not installed: ${tool}`
}

const title = 'libvirtd that listens on the network'

describeWhere(title, reason, () => {
  let folder: string
  let daemon: LibvirtDaemon
  let tcp: PortToProcess
  let tls: PortToProcess
  let expired: Server
  let authority: Certificate
  let stranger: Certificate
  let server: Certificate
  let client: Certificate

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'azl-tls-'))
    ;[authority, stranger] = await Promise.all([makeAuthority(folder, 'authority'), makeAuthority(folder, 'stranger')])
    const names = 'DNS:localhost'
    let old: Certificate
    ;[server, old, client] = await Promise.all([
      makeCertificate(folder, 'server', authority, { usage: 'serverAuth', names }),
      makeCertificate(folder, 'old-server', authority, { usage: 'serverAuth', names, isExpired: true }),
      makeCertificate(folder, 'client', authority, { usage: 'clientAuth' }),
    ])
    daemon = await startLibvirtDaemon({
      listen: [
        ...['listen_tcp = 1', 'auth_tcp = "none"', 'listen_addr = "127.0.0.1"', 'tls_no_sanity_certificate = 1'],
        ...[`key_file = "${server.key}"`, `cert_file = "${server.cert}"`, `ca_file = "${authority.cert}"`],
      ],
    })
    const inside = await findBelow(daemon.pid, 'libvirtd')
    const leadTo = (port: number): Promise<PortToProcess> =>
      listenForProcess(() => ['nsenter', '--target', String(inside), '--net', 'socat', '-', `TCP:127.0.0.1:${port}`])
    ;[tcp, tls] = await Promise.all([leadTo(16509), leadTo(16514)])
    // libvirtd itself does not start with a certificate that has expired.
    const [cert, key] = await Promise.all([readFile(old.cert), readFile(old.key)])
    expired = createServer({ cert, key }, (socket) => socket.end('\u0001'))
    await new Promise<void>((resolve) => expired.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    expired.close()
    await Promise.all([tcp.close(), tls.close()])
    await daemon.stop()
    await rm(folder, { recursive: true })
  })

  const optionsOf = async (from: { readonly ca?: Certificate; readonly own?: Certificate }): Promise<TlsOptions> => ({
    ca: from.ca && (await readFile(from.ca.cert)),
    cert: from.own && (await readFile(from.own.cert)),
    key: from.own && (await readFile(from.own.key)),
  })
  /** Nothing of the machine's own certificates. */
  const env = { HOME: '/nowhere' }
  const open = async (options: TlsOptions, host = 'localhost'): Promise<Connection> =>
    await connect(`qemu://${host}:${tls.port}/system`, { env, tls: options })

  it('takes plain TCP where it is told to, and its transfers too', async () => {
    const connection = await connect(`qemu+tcp://127.0.0.1:${tcp.port}/system`)
    await roundTrip(connection)
    await connection.close()
  })

  it('takes TLS with certificates on both sides, given or in a folder with libvirt’s names', async () => {
    const connection = await open(await optionsOf({ ca: authority, own: client }))
    await roundTrip(connection)
    await connection.close()

    const pki = join(folder, 'pki')
    await mkdir(pki)
    await copyFile(authority.cert, join(pki, 'cacert.pem'))
    await copyFile(client.cert, join(pki, 'clientcert.pem'))
    await copyFile(client.key, join(pki, 'clientkey.pem'))
    const second = await connect(`qemu+tls://localhost:${tls.port}/system?pkipath=${pki}`, { env })
    expect(await second.listDomains()).toEqual([])
    await second.close()
  })

  it('takes one pinned certificate, whoever signed it and whatever its name, and no other', async () => {
    const own = await optionsOf({ own: client })
    const connection = await open({ ...own, fingerprint: await fingerprintOf(server) }, '127.0.0.1')
    await connection.close()
    await expect(open({ ...own, fingerprint: await fingerprintOf(client) })).rejects.toMatchObject({
      reason: 'host-not-trusted',
      message: expect.stringContaining('another certificate than the pinned one') as string,
    })
    await expect(open({ ...own, fingerprint: 'AA:BB' })).rejects.toMatchObject({ name: 'UriError' })
  })

  it('refuses a host with an unknown authority, another name, a certificate that has expired', async () => {
    const own = await optionsOf({ ca: authority, own: client })
    await expect(open({ ...own, ca: await readFile(stranger.cert) })).rejects.toMatchObject({
      name: 'ConnectionError',
      reason: 'host-not-trusted',
      message: expect.stringContaining('not signed by an authority that is trusted here') as string,
    })
    await expect(open(own, '127.0.0.1')).rejects.toMatchObject({
      reason: 'host-not-trusted',
      message: expect.stringContaining('is for another name') as string,
      hint: expect.stringContaining('subjectAltName') as string,
    })
    const { port } = expired.address() as AddressInfo
    await expect(connect(`qemu://localhost:${port}/system`, { env, tls: own })).rejects.toMatchObject({
      reason: 'host-not-trusted',
      message: expect.stringContaining('has expired') as string,
    })
    const trusting = await connect(`qemu://127.0.0.1:${tls.port}/system?no_verify=1`, { env, tls: own })
    await trusting.close()
  })

  it('says that our certificate is missing or not accepted, that there is no authority, no TLS, nobody', async () => {
    await expect(open(await optionsOf({ ca: authority }))).rejects.toMatchObject({
      reason: 'certificate-refused',
      hint: expect.stringContaining('There is no client certificate') as string,
    })
    const strangers = await makeCertificate(folder, 'strangers', stranger, { usage: 'clientAuth' })
    await expect(open(await optionsOf({ ca: authority, own: strangers }))).rejects.toMatchObject({
      reason: 'certificate-refused',
      hint: expect.stringContaining('the options') as string,
    })
    await expect(open({})).rejects.toMatchObject({
      reason: 'certificate-missing',
      hint: expect.stringContaining('/nowhere/.pki/libvirt/cacert.pem') as string,
    })
    const own = await optionsOf({ ca: authority, own: client })
    await expect(connect(`qemu://localhost:${tcp.port}/system`, { env, tls: own })).rejects.toMatchObject({
      name: 'ConnectionError',
    })
    const gone = await listenForProcess(() => ['true'])
    await gone.close()
    for (const transport of ['tcp', 'tls']) {
      const uri = `qemu+${transport}://127.0.0.1:${gone.port}/system`
      await expect(connect(uri, { env, tls: own })).rejects.toMatchObject({ reason: 'refused' })
    }
    await expect(connect('qemu+tcp://no-such-host.invalid/system')).rejects.toMatchObject({ reason: 'host-unknown' })
  })
})

async function roundTrip(connection: Connection): Promise<void> {
  const pool = await connection.createPool(
    "<pool type='dir'><name>p</name><target><path>/var/lib/libvirt/images</path></target></pool>",
  )
  const bytes = Buffer.alloc(2 * 1024 * 1024, 'libvirt over the network ')
  const volume = await pool.createVolume(
    `<volume><name>v</name><capacity unit='bytes'>${bytes.length}</capacity></volume>`,
  )
  expect(await volume.upload([bytes])).toBe(bytes.length)
  expect(bytes.equals(await collect(volume.download()))).toBe(true)
  await volume.delete()
  await pool.destroy()
}
