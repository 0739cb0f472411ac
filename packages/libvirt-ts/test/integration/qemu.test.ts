import { randomBytes } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import { connect, isLibvirtError, isNoStorageVolume, TransferError } from '../../src/index.ts'
import type { Connection, DomainEvent, Hole, StoragePool } from '../../src/index.ts'
import { collect, readUntil } from '../support/collect.ts'
import { describeWithDaemon } from '../support/daemon.ts'
import { bootDisk, guestXml, poolXml, sparseVolumeXml, volumeXml } from '../support/guest.ts'

const images = '/var/lib/libvirt/images'

describeWithDaemon('QEMU behind a real daemon', (daemon) => {
  let connection: Connection
  let pool: StoragePool

  beforeAll(async () => {
    connection = await connect(daemon().uri)
    pool = await connection.createPool(poolXml('images', images))
  })

  it('finds the pool by its folder, and knows what it is', async () => {
    const found = await connection.lookupPoolByTargetPath(images)
    expect(found.uuid).toBe(pool.uuid)
    expect((await found.info()).state).toBe('running')
    expect(await found.isPersistent()).toBe(false)
  })

  it('uploads and downloads at offsets: the same bytes come back', async () => {
    const size = 3 * 1024 * 1024 + 12345
    const bytes = randomBytes(size)
    const volume = await pool.createVolume(volumeXml('data', size))
    const progress: number[] = []
    expect(await volume.upload([bytes], { onProgress: (done) => progress.push(done) })).toBe(size)
    expect(progress).toEqual([size])
    expect((await collect(volume.download())).equals(bytes)).toBe(true)
    const patch = randomBytes(700_000)
    await volume.upload([patch], { offsetBytes: 1000, lengthBytes: patch.length })
    patch.copy(bytes, 1000)
    expect((await collect(volume.download())).equals(bytes)).toBe(true)
    for (const [offsetBytes, lengthBytes] of [
      [5, 100],
      [size - 10, 100_000],
      [123_456, 2_000_000],
    ] as const) {
      const part = await collect(volume.download({ offsetBytes, lengthBytes }))
      expect(part.equals(bytes.subarray(offsetBytes, offsetBytes + lengthBytes))).toBe(true)
    }
    await volume.delete()
    await expect(pool.lookupVolume('data')).rejects.toSatisfy(isNoStorageVolume)
  })

  it('keeps a sparse volume sparse, up and down: the same bytes, and no more room than they need', async () => {
    const [head, middle] = [randomBytes(70_000), randomBytes(4096)]
    const size = 16 << 20
    const whole = Buffer.alloc(size)
    head.copy(whole)
    middle.copy(whole, 8 << 20)
    const first = await pool.createVolume(sparseVolumeXml('sparse', size))
    expect(await first.upload([whole.subarray(0, 9 << 20), whole.subarray(9 << 20)], { sparse: true })).toBe(size)
    const second = await pool.createVolume(sparseVolumeXml('sparse-copy', size))
    let holes = 0
    async function* counted(): AsyncGenerator<Uint8Array | Hole> {
      for await (const part of first.download({ sparse: true })) {
        if (!(part instanceof Uint8Array)) holes += part.holeBytes
        yield part
      }
    }
    expect(await second.upload(counted(), { sparse: true, lengthBytes: size })).toBe(size)
    expect(holes).toBeGreaterThan(15 << 20)
    for (const volume of [first, second]) {
      expect((await collect(volume.download())).equals(whole)).toBe(true)
      const { capacityBytes, allocationBytes } = await volume.info()
      expect(capacityBytes).toBe(size)
      expect(allocationBytes).toBeLessThan(1 << 20)
    }
    // What the docstring warns of: a hole leaves what lies in it, and cuts off what follows.
    await first.upload([{ holeBytes: 1 << 20 }], { sparse: true })
    expect((await collect(first.download())).equals(whole.subarray(0, 1 << 20))).toBe(true)
    await first.delete()
    await second.delete()
  })

  it('refuses a source that is shorter or longer than stated', async () => {
    const volume = await pool.createVolume(volumeXml('short', 4096))
    await expect(volume.upload([Buffer.alloc(10)], { lengthBytes: 11 })).rejects.toBeInstanceOf(TransferError)
    await expect(volume.upload([Buffer.alloc(12)], { lengthBytes: 11 })).rejects.toMatchObject({ expectedBytes: 11 })
    await volume.delete()
  })

  it('lets go of a download that is left early, and of an upload whose source never goes on', async () => {
    const volume = await pool.createVolume(volumeXml('early', 64 << 20))
    for await (const chunk of volume.download()) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    const controller = new AbortController()
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1000)
      controller.abort(new Error('enough'))
      await new Promise(() => undefined)
    }
    await expect(volume.upload(stuck(), { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    await volume.delete()
  })

  it('talks to a guest: every byte from its first, both ways, and the end at power-off', async () => {
    await installGuest('talk')
    const domain = await connection.defineDomain(guestXml({ name: 'talk', disk: `${images}/talk.img` }), {
      validate: true,
    })
    const events: DomainEvent[] = []
    const unsubscribe = await connection.onDomainEvent((event) => events.push(event))
    await domain.create({ paused: true })
    expect(await domain.state()).toEqual({ state: 'paused', reason: 'user' })
    const console = await domain.openConsole({ device: 'serial0' })
    await domain.resume()
    const reader = console[Symbol.asyncIterator]()
    expect(await readUntil(reader, 'GUEST-READY')).toContain('GUEST-READY')
    await console.write('hello')
    expect(await readUntil(reader, 'hello')).toContain('hello')
    await expect(domain.openConsole()).rejects.toMatchObject({ codeName: 'operation-failed' })
    await console.write('q')
    expect(await console.ended).toEqual({ reason: 'eof' })
    while ((await reader.next()).done !== true);
    await connection.lookupDomain('talk')
    await unsubscribe()
    expect(events.map(({ event, detail }) => `${event} ${detail}`)).toEqual(
      expect.arrayContaining(['started booted', 'suspended paused', 'resumed unpaused', 'shutdown guest']),
    )
    await forget('talk')
  }, 60_000)

  it('frees a console at close, so that it can be opened again; force throws the reader out', async () => {
    await installGuest('again')
    const domain = await connection.defineDomain(guestXml({ name: 'again', disk: `${images}/again.img` }))
    await domain.create()
    const first = await domain.openConsole()
    await first.close()
    expect(await first.ended).toEqual({ reason: 'closed' })
    await expect(first.write('x')).rejects.toMatchObject({ reason: 'closed' })
    const second = await domain.openConsole()
    const third = await domain.openConsole({ force: true })
    expect((await second.ended).reason).not.toBe('closed')
    await third.write('abc')
    await readUntil(third[Symbol.asyncIterator](), 'abc')
    await third.close()
    await domain.destroy()
    await forget('again')
  }, 60_000)

  it('does not freeze a guest whose console nobody reads; what was lost is counted', async () => {
    await installGuest('flood')
    const domain = await connection.defineDomain(guestXml({ name: 'flood', disk: `${images}/flood.img` }))
    await domain.create({ paused: true })
    const console = await domain.openConsole({ bufferBytes: 1024 })
    await domain.resume()
    const typed = 'z'.repeat(8192)
    await console.write(typed)
    await console.write('q')
    expect(await console.ended).toEqual({ reason: 'eof' })
    expect(console.droppedBytes).toBeGreaterThan(0)
    expect((await collect(console)).length).toBe(1024)
    await forget('flood')
  }, 60_000)

  it("shows the screen and speaks with QEMU's monitor", async () => {
    await installGuest('screen')
    const domain = await connection.defineDomain(guestXml({ name: 'screen', disk: `${images}/screen.img` }))
    await domain.create()
    expect((await domain.screenshot()).mimeType).toMatch(/^image\//)
    expect(await domain.monitorCommand('info status', { hmp: true })).toContain('running')
    const answer = await domain.monitorCommand('{"execute":"query-status"}')
    expect(JSON.parse(answer)).toMatchObject({ return: { running: true } })
    expect((await domain.blockInfo('sda')).capacityBytes).toBe(1 << 20)
    const eject = await domain.xml()
    expect(eject).toContain('sda')
    await domain.destroy({ graceful: true })
    await forget('screen')
  }, 60_000)

  it('brings saved memory back on another disk, and moves the blocks of a running disk into its base', async () => {
    await installGuest('saved')
    const file = `${images}/saved.img`
    const domain = await connection.defineDomain(guestXml({ name: 'saved', disk: file }))
    await domain.create()
    await domain.save(`${images}/saved.memory`)
    await pool.cloneVolume(volumeXml('copy.img', 1 << 20), await pool.lookupVolume('saved.img'))
    const saved = await connection.saveImageXml(`${images}/saved.memory`)
    await connection.restoreDomain(`${images}/saved.memory`, {
      xml: saved.replaceAll(file, `${images}/copy.img`),
      paused: true,
    })
    expect((await domain.state()).state).toBe('paused')
    expect(await domain.xml()).toContain('copy.img')

    await domain.createSnapshot('<domainsnapshot><name>over</name></domainsnapshot>', {
      diskOnly: true,
      noMetadata: true,
    })
    expect(await domain.xml()).toContain('copy.over')
    await expect(domain.abortBlockJob('sda')).rejects.toSatisfy((error) => isLibvirtError(error))
    expect(await domain.blockJobInfo('sda')).toBeUndefined()
    const jobs = await connection.events('domain-block-job', { signal: AbortSignal.timeout(30_000) })
    await domain.blockRebase('sda')
    expect((await jobs.next()).value).toMatchObject({ disk: 'sda', type: 'pull', status: 'completed' })
    await jobs.return?.()
    await domain.blockResize('sda', 2 << 20)
    expect((await domain.blockInfo('sda')).capacityBytes).toBe(2 << 20)
    await domain.destroy()
    await pool.refresh()
    for (const name of ['copy.img', 'copy.over', 'saved.memory']) await (await pool.lookupVolume(name)).delete()
    await forget('saved')
  }, 60_000)

  it('undefines a domain with NVRAM and TPM only where told what to do with them', async () => {
    const domain = await connection.defineDomain(guestXml({ name: 'secure', uefi: true, tpm: true }))
    await domain.create({ paused: true })
    expect(await domain.xml()).toContain('secure_VARS.fd')
    await domain.destroy()
    await expect(domain.undefine()).rejects.toSatisfy((error) => isLibvirtError(error, 'operation-invalid'))
    await domain.undefine({ nvram: true, tpm: true })
  }, 60_000)

  it('changes devices: what is attached shows in the configuration, and goes again', async () => {
    const domain = await connection.defineDomain(guestXml({ name: 'devices' }))
    const disc = (file: string): string =>
      `<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>${file}<target dev='sdb' bus='sata'/><readonly/></disk>`
    await domain.attachDevice(disc(`<source file='${images}/a.iso'/>`), { config: true })
    expect(await domain.xml({ inactive: true })).toContain('a.iso')
    await domain.updateDevice(disc(''), { config: true })
    expect(await domain.xml({ inactive: true })).not.toContain('a.iso')
    await domain.detachDevice(disc(''), { config: true })
    expect(await domain.xml({ inactive: true })).not.toContain("dev='sdb'")
    await domain.undefine()
  })

  it('reports what QEMU itself said when a start fails', async () => {
    const domain = await connection.defineDomain(guestXml({ name: 'broken', disk: `${images}/not-there.img` }))
    const failure = await domain.create().catch((error: unknown) => error)
    expect(isLibvirtError(failure)).toBe(true)
    expect(String(failure)).toContain('not-there.img')
    expect(await domain.state()).toEqual({ state: 'shut-off', reason: 'failed' })
    await domain.undefine()
  })

  async function installGuest(name: string): Promise<void> {
    const volume = await pool.createVolume(volumeXml(`${name}.img`, 1 << 20))
    await volume.upload([bootDisk()])
  }

  async function forget(name: string): Promise<void> {
    await (await connection.lookupDomain(name)).undefine()
    await (await pool.lookupVolume(`${name}.img`)).delete()
  }
})
