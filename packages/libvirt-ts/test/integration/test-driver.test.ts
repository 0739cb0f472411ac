import { expect, it } from 'vitest'
import {
  connect,
  isNoDomain,
  isNoNetwork,
  isNoStoragePool,
  isOperationInvalid,
  isUnsupported,
} from '../../src/index.ts'
import type { DomainEvent, Network, StoragePool } from '../../src/index.ts'
import { describeWithDaemon } from '../support/daemon.ts'
import { poolXml, volumeXml } from '../support/guest.ts'
import { domainXml } from '../support/test-driver.ts'

describeWithDaemon("libvirt's test driver behind a real daemon", (daemon) => {
  it('opens test+unix:///default and tells who answers', async () => {
    await using connection = await connect(daemon().testUri)
    expect(connection.uri).toBe('test:///default')
    expect(await connection.remoteUri()).toBe('test:///default')
    expect(await connection.hypervisorType()).toBe('TEST')
    expect(await connection.libraryVersion()).toMatch(/^\d+\.\d+\.\d+$/)
    expect((await connection.nodeInfo()).memoryBytes).toBe(3 * 2 ** 30)
    expect(await connection.capabilities()).toContain('<capabilities>')
  })

  it('takes a domain through its whole life and reports each step as an event, in order', async () => {
    await using connection = await connect(daemon().testUri)
    const events: DomainEvent[] = []
    const unsubscribe = await connection.onDomainEvent((event) => events.push(event))
    const domain = await connection.defineDomain(domainXml('life'))
    expect(domain.id).toBeUndefined()
    expect(await domain.state()).toEqual({ state: 'shut-off', reason: 'unknown' })
    await domain.create()
    expect(domain.id).toBeGreaterThan(0)
    await domain.suspend()
    expect(await domain.state()).toEqual({ state: 'paused', reason: 'user' })
    await domain.resume()
    await domain.destroy()
    await domain.undefine()
    await expect(connection.lookupDomain('life')).rejects.toSatisfy(isNoDomain)
    await unsubscribe()
    const own = events.filter((event) => event.domain.name === 'life')
    expect(own.map(({ event, detail }) => `${event} ${detail}`)).toEqual([
      'defined added',
      'started booted',
      'suspended paused',
      'resumed unpaused',
      'stopped destroyed',
      'undefined removed',
    ])
    expect(own.every((event) => event.domain.uuid === domain.uuid)).toBe(true)
  })

  it('says no more about domains once nobody listens', async () => {
    await using connection = await connect(daemon().testUri)
    const heard: string[] = []
    const first = await connection.onDomainEvent(({ event }) => heard.push(`first ${event}`))
    let isHeard: () => void = () => undefined
    const defined = new Promise<void>((resolve) => {
      isHeard = resolve
    })
    const second = await connection.onDomainEvent(({ event }) => {
      heard.push(`second ${event}`)
      isHeard()
    })
    await first()
    await first()
    const domain = await connection.defineDomain(domainXml('quiet'))
    // The daemon sends events when it comes to it, also after the answer to the call that caused them.
    await defined
    await second()
    await domain.undefine()
    expect(heard).toEqual(['second defined'])
  })

  it('finds domains by name and UUID, and lists by state', async () => {
    await using connection = await connect(daemon().testUri)
    const [running] = await connection.listDomains({ active: true })
    expect(running?.name).toBe('test')
    const byUuid = await connection.lookupDomainByUuid(running?.uuid ?? '')
    expect(byUuid.name).toBe('test')
    expect(await connection.listDomains({ active: false })).toEqual([])
    expect(await byUuid.isActive()).toBe(true)
    expect(await byUuid.isPersistent()).toBe(true)
  })

  it('keeps metadata per namespace, and says undefined where there is none', async () => {
    await using connection = await connect(daemon().testUri)
    const domain = await connection.defineDomain(domainXml('marked'))
    expect(await domain.metadata('urn:a')).toBeUndefined()
    await domain.setMetadata({ uri: 'urn:a', prefix: 'a', xml: '<mark run="7"/>', scope: 'config' })
    expect(await domain.metadata('urn:a', { scope: 'config' })).toContain('run="7"')
    await domain.setMetadata({ uri: 'urn:a', xml: undefined })
    expect(await domain.metadata('urn:a')).toBeUndefined()
    await domain.undefine()
  })

  it('takes a screenshot with its type', async () => {
    await using connection = await connect(daemon().testUri)
    const { mimeType, data } = await (await connection.lookupDomain('test')).screenshot()
    expect(mimeType).toBe('image/png')
    expect(Buffer.from(data.subarray(0, 4)).toString('latin1')).toBe('\x89PNG')
  })

  it('tells apart what is missing, what is in the wrong state and what cannot be done', async () => {
    await using connection = await connect(daemon().testUri)
    await expect(connection.lookupPool('nix')).rejects.toSatisfy(isNoStoragePool)
    await expect(connection.lookupNetwork('nix')).rejects.toSatisfy(isNoNetwork)
    const domain = await connection.defineDomain(domainXml('off'))
    await expect(domain.destroy()).rejects.toSatisfy(isOperationInvalid)
    await expect(domain.monitorCommand('info status', { hmp: true })).rejects.toSatisfy(isUnsupported)
    await domain.undefine()
  })

  it('defines, starts, stops and removes pools, volumes and networks', async () => {
    await using connection = await connect(daemon().testUri)
    const pool = await connection.definePool(poolXml('p1', '/p1'))
    await pool.create()
    const volume = await pool.createVolume(volumeXml('v1', 4096))
    expect((await pool.listVolumes()).map(({ name }) => name)).toEqual(['v1'])
    expect((await volume.info()).capacityBytes).toBe(4096)
    expect(await volume.path()).toBe('/p1/v1')
    await volume.delete()
    await stopAndRemove(pool)
    const network = await connection.defineNetwork(`<network><name>n1</name><ip address='10.9.9.1'/></network>`)
    await network.create()
    expect(await network.xml()).toContain('10.9.9.1')
    await stopAndRemove(network)
    expect((await connection.listNetworks()).map(({ name }) => name)).toEqual(['default'])
  })

  it('answers many calls at once, each to its own caller', async () => {
    await using connection = await connect(daemon().testUri)
    const domains = await Promise.all(
      Array.from({ length: 40 }, (_, index) => connection.defineDomain(domainXml(`many-${index}`))),
    )
    const texts = await Promise.all(domains.flatMap((domain) => [domain.xml(), domain.xml({ inactive: true })]))
    texts.forEach((xml, index) => expect(xml).toContain(`<name>many-${Math.floor(index / 2)}</name>`))
    expect(await connection.listDomains()).toHaveLength(41)
    await Promise.all(domains.map((domain) => domain.undefine()))
  })

  it('carries XML of megabytes both ways', async () => {
    await using connection = await connect(daemon().testUri)
    const comment = 'x'.repeat(3 << 20)
    const domain = await connection.defineDomain(
      domainXml('large').replace('<memory', `<description>${comment}</description><memory`),
    )
    expect(await domain.xml()).toContain(comment)
    await domain.undefine()
  })

  it('may look but not touch on a read-only connection', async () => {
    await using connection = await connect(daemon().testUri, { readOnly: true })
    const domain = await connection.lookupDomain('test')
    await expect(domain.destroy()).rejects.toMatchObject({ codeName: 'operation-denied' })
  })
})

async function stopAndRemove(thing: StoragePool | Network): Promise<void> {
  expect(await thing.isActive()).toBe(true)
  await thing.destroy()
  expect(await thing.isActive()).toBe(false)
  await thing.undefine()
}
