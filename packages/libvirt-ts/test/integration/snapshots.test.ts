import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { connect, isNoSnapshot } from '../../src/index.ts'
import { describeWithDaemon } from '../support/daemon.ts'
import { domainXml } from '../support/test-driver.ts'

describeWithDaemon("snapshots and saved memory of libvirt's test driver", (daemon) => {
  it('makes a tree of snapshots, finds its way in it, goes back in it and takes it down', async () => {
    await using connection = await connect(daemon().testUri)
    const domain = await connection.defineDomain(domainXml('tree'))
    expect(await domain.currentSnapshot()).toBeUndefined()
    const root = await domain.createSnapshot('<domainsnapshot><name>root</name></domainsnapshot>')
    await domain.create()
    const branch = await domain.createSnapshot('<domainsnapshot><name>branch</name></domainsnapshot>')
    const leaf = await domain.createSnapshot('<domainsnapshot><name>leaf</name></domainsnapshot>', { halt: true })
    expect(await domain.isActive()).toBe(false)

    expect((await domain.listSnapshots()).map(({ name }) => name)).toEqual(['root', 'branch', 'leaf'])
    expect((await domain.listSnapshots({ roots: true })).map(({ name }) => name)).toEqual(['root'])
    expect((await domain.listSnapshots({ leaves: true })).map(({ name }) => name)).toEqual(['leaf'])
    expect((await domain.listSnapshots({ metadata: false })).map(({ name }) => name)).toEqual([])
    expect((await root.children()).map(({ name }) => name)).toEqual(['branch'])
    expect((await root.children({ descendants: true })).map(({ name }) => name)).toEqual(['branch', 'leaf'])
    expect((await leaf.parent())?.name).toBe('branch')
    expect(await root.parent()).toBeUndefined()
    expect((await domain.currentSnapshot())?.name).toBe('leaf')
    expect([await leaf.isCurrent(), await branch.isCurrent(), await root.hasMetadata()]).toEqual([true, false, true])
    expect(await branch.xml()).toContain('<name>root</name>')
    expect((await domain.lookupSnapshot('branch')).domain).toBe(domain)

    await branch.revert({ paused: true })
    expect((await domain.state()).state).toBe('paused')
    await root.revert()
    expect((await domain.state()).state).toBe('shut-off')
    await branch.delete({ children: 'only' })
    expect((await domain.listSnapshots()).map(({ name }) => name)).toEqual(['root', 'branch'])
    await root.delete({ children: 'all' })
    expect(await domain.listSnapshots()).toEqual([])
    await expect(domain.lookupSnapshot('leaf')).rejects.toSatisfy(isNoSnapshot)
    await expect(root.parent()).rejects.toSatisfy(isNoSnapshot)
    await domain.undefine()
  })

  it('keeps the records of snapshots from one definition to the next', async () => {
    await using connection = await connect(daemon().testUri)
    const domain = await connection.defineDomain(domainXml('again'))
    const xml = await (await domain.createSnapshot('<domainsnapshot><name>kept</name></domainsnapshot>')).xml()
    await domain.undefine({ snapshotsMetadata: true })
    const same = await connection.defineDomain(domainXml('again', domain.uuid))
    await same.createSnapshot(xml, { redefine: true, current: true })
    expect((await same.currentSnapshot())?.name).toBe('kept')
    await same.undefine({ snapshotsMetadata: true })
  })

  it('saves to a file whose description can be changed, restores it, and keeps memory by itself', async () => {
    await using connection = await connect(daemon().testUri)
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-ts-saved-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'memory')
    const domain = await connection.defineDomain(domainXml('saved'))
    await domain.create()
    await domain.save(path)
    expect(await domain.state()).toEqual({ state: 'shut-off', reason: 'saved' })
    const xml = await connection.saveImageXml(path)
    expect(xml).toContain('<name>saved</name>')
    await connection.defineSaveImage(path, xml.replace('<memory', '<title>changed</title><memory'))
    expect(await connection.saveImageXml(path)).toContain('<title>changed</title>')
    await connection.restoreDomain(path)
    expect(await domain.state()).toEqual({ state: 'running', reason: 'restored' })
    expect(await domain.xml()).toContain('<title>changed</title>')

    expect(await domain.hasManagedSave()).toBe(false)
    await domain.managedSave()
    expect(await domain.hasManagedSave()).toBe(true)
    await domain.removeManagedSave()
    expect(await domain.hasManagedSave()).toBe(false)
    await domain.undefine()
  })
})
