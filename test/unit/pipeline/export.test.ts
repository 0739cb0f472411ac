import type * as filesystem from 'node:fs/promises'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { exportMachine } from '../../../src/pipeline/export.ts'
import { openJournal } from '../../../src/pipeline/journal.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import { withLock } from '../../../src/store/lock.ts'
import { testCall } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

/** What becomes of a link: a file system without links refuses it. */
const links = vi.hoisted(() => ({ refuse: undefined as ((part: string) => Promise<void>) | undefined }))
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof filesystem>()
  const link: typeof filesystem.link = async (from, to) => {
    if (!links.refuse) {
      await actual.link(from, to)
      return
    }
    await links.refuse(String(from))
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
  }
  return { ...actual, link }
})
afterEach(() => {
  links.refuse = undefined
})

const box = ['memory', 'memory:///here', 'box'] as const
const part = '.box.img.0123abcd.part'

async function switchedOff(): Promise<PipelineWorld> {
  const here = await world()
  await here.up(waiting('machine: { disks: [{ size: 64MiB }] }'))
  here.hypervisor.byName('box')?.end('off')
  return here
}

async function exported(here: PipelineWorld): Promise<string> {
  const provider = here.hypervisor.open()
  const [info] = await provider.findByName('box', testCall())
  const { bus } = openVerbRun(here.environment, () => undefined)
  const file = join(here.folder, 'box.img')
  const found = { provider, info: info! }
  const request = { environment: here.environment, found, bus, signal: new AbortController().signal, lockWaitMs: 0 }
  await exportMachine(request, { file, format: 'raw' })
  return file
}

const imagesIn = async (here: PipelineWorld) => (await readdir(here.folder)).filter((name) => name.includes('box.img'))

describe('export where the file system has no links', () => {
  test('gives the whole file its name at once, without another copy', async () => {
    const here = await switchedOff()
    let written: number | undefined
    links.refuse = async (from) => {
      written = (await stat(from)).ino
    }
    expect((await stat(await exported(here))).ino).toBe(written)
    expect(await imagesIn(here)).toEqual(['box.img'])
  })

  test('leaves a file that came meanwhile as it is', async () => {
    const here = await switchedOff()
    links.refuse = () => writeFile(join(here.folder, 'box.img'), 'theirs')
    expect(await errorOf(exported(here))).toMatchObject({ code: 'usage' })
    expect(await readFile(join(here.folder, 'box.img'), 'utf8')).toBe('theirs')
    expect(await imagesIn(here)).toEqual(['box.img'])
  })
})

/** As an export leaves it that is killed while it writes: its intent, and some of the file. */
async function killedExport(here: PipelineWorld): Promise<string> {
  const file = join(here.folder, part)
  await writeFile(file, 'half')
  const journal = openJournal(here.environment.machines.paths(...box).journal, here.environment.now)
  journal.append({ entry: 'intent', act: 'export', operation: 'export', object: file })
  journal.close()
  return file
}

describe('what an export that was killed left beside its file', () => {
  test('is collected by gc, not while somebody works on the machine', async () => {
    const here = await switchedOff()
    const file = await killedExport(here)
    const { home, processes } = here.environment
    const lock = home.machineLock(...box)
    const request = { what: 'box', verb: 'export', processes, signal: new AbortController().signal, waitMs: 0 }
    const item = { kind: 'leftover', what: `file ${file}` }
    await withLock(lock, request, async () => {
      expect(await here.gcItems()).toContainEqual(expect.objectContaining({ ...item, verdict: 'in-use' }))
    })
    expect(await here.gcItems()).toContainEqual(expect.objectContaining({ ...item, verdict: 'collect' }))
    expect(await here.gc()).toEqual({ removed: [`file ${file}`], kept: [] })
    expect(await imagesIn(here)).toEqual([])
    expect((await here.gcItems()).map(({ verdict }) => verdict)).toEqual(['finished'])
  })

  test('goes with the machine', async () => {
    const here = await switchedOff()
    await killedExport(here)
    await here.destroy('box')
    expect(await imagesIn(here)).toEqual([])
  })

  test('goes with the next export', async () => {
    const here = await switchedOff()
    await killedExport(here)
    await exported(here)
    expect(await imagesIn(here)).toEqual(['box.img'])
  })

  test('is no other file that its journal names', async () => {
    const here = await switchedOff()
    const file = await killedExport(here)
    const { journal } = here.environment.machines.paths(...box)
    await writeFile(join(here.folder, 'box.img'), 'theirs')
    await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(file, join(here.folder, 'box.img')))
    await here.gc()
    expect(await imagesIn(here)).toEqual([part, 'box.img'])
  })
})
