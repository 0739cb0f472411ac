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

  it('tells what networks and pools go through', async () => {
    await using connection = await connect(daemon().testUri)
    const networks = await connection.events('network-lifecycle')
    const pools = await connection.events('pool-lifecycle')
    const refreshes = await connection.events('pool-refresh')
    const network = await connection.createNetwork(`<network><name>n2</name><ip address='10.9.8.1'/></network>`)
    const pool = await connection.definePool(poolXml('p2', '/p2'))
    await pool.create()
    await pool.refresh()
    await network.destroy()
    expect([(await networks.next()).value, (await networks.next()).value]).toMatchObject([
      { network: { name: 'n2', uuid: network.uuid }, event: 'started' },
      { network: { name: 'n2' }, event: 'stopped' },
    ])
    expect([(await pools.next()).value, (await pools.next()).value]).toMatchObject([
      { pool: { name: 'p2' }, event: 'defined' },
      { pool: { name: 'p2', uuid: pool.uuid }, event: 'started' },
    ])
    expect((await refreshes.next()).value).toMatchObject({ pool: { name: 'p2' } })
    await stopAndRemove(pool)
  })

  it('changes a network, and lists by state', async () => {
    await using connection = await connect(daemon().testUri)
    const network = await connection.defineNetwork(
      `<network><name>n3</name><ip address='10.9.7.1' netmask='255.255.255.0'><dhcp><range start='10.9.7.2' end='10.9.7.9'/></dhcp></ip></network>`,
    )
    expect((await connection.listNetworks({ active: false })).map(({ name }) => name)).toEqual(['n3'])
    expect(await network.autostart()).toBe(false)
    await network.setAutostart(true)
    expect(await network.autostart()).toBe(true)
    await network.create()
    const xml = `<host mac='52:54:00:00:00:01' ip='10.9.7.5'/>`
    await network.update({ command: 'add-last', section: 'ip-dhcp-host', xml, live: true, config: true })
    expect(await network.xml()).toContain('10.9.7.5')
    await network.update({ command: 'delete', section: 'ip-dhcp-host', xml, live: true, config: true })
    expect(await network.xml()).not.toContain('10.9.7.5')
    await stopAndRemove(network)
  })

  it('tells who leases what, and what the host has', async () => {
    await using connection = await connect(daemon().testUri)
    const network = await connection.lookupNetwork('default')
    const [domain] = await connection.listDomains({ active: true })
    await expect(network.dhcpLeases()).rejects.toSatisfy(isUnsupported)
    expect(await network.bridgeName()).toBe('virbr0')
    expect((await domain?.interfaceAddresses('lease'))?.length).toBeGreaterThanOrEqual(0)
    expect(await connection.nodeFreeMemoryBytes()).toBeGreaterThan(0)
    expect(await connection.nodeCpuStats()).toHaveProperty('user')
    const [device = ''] = await connection.listNodeDevices()
    expect(await connection.nodeDeviceXml(device)).toContain(device)
    const [host] = await connection.listInterfaces()
    expect(host && (await connection.interfaceXml(host))).toContain(host?.mac)
  })

  it('gives a domain another name, and tells and sets what it has', async () => {
    await using connection = await connect(daemon().testUri)
    const first = await connection.defineDomain(domainXml('first'))
    await expect(first.rename('first')).rejects.toThrow()
    const domain = await first.rename('second')
    expect([domain.name, domain.uuid]).toEqual(['second', first.uuid])
    await expect(connection.lookupDomain('first')).rejects.toSatisfy(isNoDomain)
    expect(await domain.autostart()).toBe(false)
    await domain.setAutostart(true)
    expect(await domain.autostart()).toBe(true)
    await domain.setVcpus(3, { maximum: true, scope: 'config' })
    await domain.setVcpus(2, { scope: 'config' })
    expect([await domain.vcpus(), await domain.vcpus({ maximum: true })]).toEqual([2, 3])
    await domain.setMemory(64 << 20, { maximum: true })
    expect(await domain.maxMemoryBytes()).toBe(64 << 20)
    await domain.setMemory(48 << 20)
    await domain.create()
    expect(await domain.info()).toMatchObject({
      state: 'running',
      maxMemoryBytes: 64 << 20,
      memoryBytes: 48 << 20,
      vcpus: 2,
    })
    await domain.sendKey([29, 56, 111], { holdMs: 10 })
    await expect(domain.sendKey(Array.from({ length: 17 }, () => 1))).rejects.toThrow()
    expect(await domain.guestHostname()).toBe('secondhost')
    await domain.reboot()
    await domain.destroy()
    await domain.undefine()
  })

  it('starts a transient domain, which is gone when it is off', async () => {
    await using connection = await connect(daemon().testUri)
    const domain = await connection.createDomain(domainXml('fleeting'))
    expect([await domain.isPersistent(), domain.id !== undefined]).toEqual([false, true])
    await domain.destroy()
    await expect(connection.lookupDomain('fleeting')).rejects.toSatisfy(isNoDomain)
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
