/** Where the spec puts a machine's files: the folder that it names, however it is written. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import { processTable } from '../../../src/host/process-identity.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { Bench } from '../../contract/contract-bench.ts'
import { describeWhere } from '../../support/describe-where.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { providerContext, testCall, testEnvironment } from '../../support/test-environment.ts'

const unavailable = await missingForSimulator()

describeWhere('storage.path', unavailable, () => {
  let simulator: HyperVSimulator
  let folder: string
  let provider: Provider
  let bench: Bench

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    folder = await mkdtemp(join(tmpdir(), 'azl-storage-'))
    provider = await definition.open('local', providerContext({ env: simulator.env }))
    const facts = await provider.facts(testCall())
    const environment = testEnvironment({ home: join(folder, 'home'), entries: [], processes: await processTable() })
    bench = new Bench({ host: undefined as never, provider, facts, folder, environment, set: [] })
  }, 900_000)
  afterAll(async () => {
    await provider.close()
    await simulator.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('a separator at its end is no difference to the machine that is there', async () => {
    const place = join(simulator.folder, 'VMs')
    await mkdir(place)
    const request = await bench.make('placed', `storage: { path: ${place}/ }`)
    const anchor = provider.plan(request, bench.facts).operations[0]!
    expect(await provider.observe(anchor, request, testCall())).toEqual({ is: 'done' })
    await provider.destroy(request.ref, testCall())
  })

  test('what is wrong with the folder is said at the spec’s key before anything is made, and of no other folder', async () => {
    await simulator.setKnobs({ folderAttributes: 'Directory, Compressed' })
    const place = join(simulator.folder, 'compressed')
    const facts = await provider.facts(testCall(), { storagePath: place, mediumPath: undefined })
    expect(facts.isReady).toBe(true)
    expect(facts.findings.filter(({ code }) => code.startsWith('folder-'))).toEqual([])
    const said = async (lines: readonly string[]) =>
      provider.plan(await bench.request('refused', ...lines), facts).diagnostics.map(({ path, code }) => [path, code])
    expect(await said([`storage: { path: ${place} }`])).toEqual([[['storage', 'path'], 'host-not-ready']])
    expect(await said([])).toEqual([])
    await simulator.setKnobs({})
  })

  test('a medium that lies in OneDrive is planned as the copy that is inserted', async () => {
    const cloud = join(folder, 'OneDrive')
    await mkdir(cloud)
    const iso = join(cloud, 'azl.iso')
    const { path } = await bench.medium('wait')
    await copyFile(path, iso)
    const env = { ...simulator.env, OneDrive: cloud, HOME: folder }
    const other = await definition.open('local', providerContext({ env }))
    try {
      const facts = await other.facts(testCall(), { storagePath: undefined, mediumPath: iso })
      const request = await bench.request('clouded')
      const planned = other
        .plan({ ...request, installer: { ...request.installer, path: iso } }, facts)
        .operations.find(({ id }) => id === 'attach-installer')
      expect(planned?.object.name).toBe(join(folder, '.azl-vm', 'media', `${request.installer.sha256}.iso`))
      const away = { storagePath: undefined, mediumPath: join(cloud, 'none.iso') }
      expect((await other.facts(testCall(), away)).isReady).toBe(true)
    } finally {
      await other.close()
    }
  })
})
