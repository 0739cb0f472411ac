import { asNobody } from '../../support/as-nobody.ts'
import { appendFile, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mintedIn, openJournal, readJournal } from '../../../src/pipeline/journal.ts'
import { readJsonFile, writeFileAtomic } from '../../../src/store/atomic-file.ts'
import { hostFactsFile } from '../../../src/store/host-facts.ts'
import { MachineStore, type MachineRecord } from '../../../src/store/machine-store.ts'
import { Home } from '../../../src/store/paths.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

describe('an atomic write', () => {
  test('makes the folders, replaces the content, and leaves nothing beside it', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'a', 'b', 'state.json')
    await writeFileAtomic(file, 'old and longer')
    await writeFileAtomic(file, 'new')
    expect(await readFile(file, 'utf8')).toBe('new')
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['state.json'])
  })

  // Windows has no modes: there the rights are those of the user's own folder.
  test.skipIf(process.platform === 'win32')('is for its owner only, with the folders that it made', async () => {
    const folder = await temporaryFolder()
    await writeFileAtomic(join(folder, 'a', 'state.json'), 'x')
    expect((await stat(join(folder, 'a', 'state.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700)
  })

  test.skipIf(process.platform === 'win32')(
    'of a file that the hypervisor reads lets it into the folders',
    async () => {
      const folder = await temporaryFolder()
      await writeFileAtomic(join(folder, 'cache', 'probe.iso'), 'x', 0o644)
      expect((await stat(join(folder, 'cache'))).mode & 0o005).toBe(0o005)
    },
  )

  test('a reader never sees half of one', async () => {
    const file = join(await temporaryFolder(), 'state.json')
    const contents = ['a'.repeat(300_000), 'b'.repeat(200_000)]
    await writeFileAtomic(file, contents[0]!)
    const seen = new Set<string>()
    let rounds = 0
    const writing = (async () => {
      for (; rounds < 20; rounds++) await writeFileAtomic(file, contents[rounds % 2]!)
    })()
    while (rounds < 20) seen.add(await readFile(file, 'utf8'))
    await writing
    expect([...seen].every((text) => contents.includes(text))).toBe(true)
  })

  test('that fails leaves the old content, and says where and what to do', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'taken'))
    const failed = writeFileAtomic(join(folder, 'taken'), 'x')
    await expect(failed).rejects.toMatchObject({
      code: 'state-not-writable',
      hint: expect.stringContaining('AZL_VM_HOME') as string,
    })
    expect(await readdir(folder)).toEqual(['taken'])
  })

  test.skipIf(process.platform === 'win32')('into a folder without rights is state-not-writable', async () => {
    const folder = await temporaryFolder()
    await chmod(folder, 0o500)
    await asNobody(folder, async () => {
      await expect(writeFileAtomic(join(folder, 'x'), 'x')).rejects.toMatchObject({ code: 'state-not-writable' })
    })
  })
})

function record(name: string): MachineRecord {
  return {
    v: 1,
    provider: 'kvm',
    host: 'qemu:///system',
    ref: { name, id: '0f6e2d4c-8b1a-4c3e-9f70-123456789abc' },
    runId: 'r',
    lastRunId: 'r',
    specFile: undefined,
    specDigest: 'd',
    phase: 'ready',
    created: '2026-11-24T10:00:00Z',
    installer: { path: '/x.iso', sizeBytes: 1, sha256: 'a' },
    macs: [],
  }
}

describe('the state of machines', () => {
  test('is found by name without regard to case, and apart for each provider and host', async () => {
    const store = new MachineStore(new Home(await temporaryFolder()))
    await store.write(record('Box'))
    expect((await store.read('kvm', 'qemu:///system', 'bOX'))?.ref.name).toBe('Box')
    expect(await store.read('kvm', 'qemu:///session', 'box')).toBeUndefined()
    expect(await store.read('hyperv', 'qemu:///system', 'box')).toBeUndefined()
    expect(await store.hosts()).toEqual([{ provider: 'kvm', host: 'qemu:///system' }])
  })

  test('an empty home is no machines', async () => {
    const store = new MachineStore(new Home(join(await temporaryFolder(), 'not', 'there')))
    expect([await store.list(), await store.hosts(), await store.names('kvm', 'x')]).toEqual([[], [], []])
  })

  test('a damaged file is told with its path and what to do; one of another shape is none', async () => {
    const store = new MachineStore(new Home(await temporaryFolder()))
    await store.write(record('box'))
    const { record: file } = store.paths('kvm', 'qemu:///system', 'box')
    await writeFile(file, '{"v":1,')
    const reading = store.read('kvm', 'qemu:///system', 'box')
    await expect(reading).rejects.toThrow(file)
    await expect(reading).rejects.toMatchObject({ hint: expect.stringContaining('Delete the file') as string })
    for (const text of ['[]', 'null', '7', '{"v":2}', '{}']) {
      await writeFile(file, text)
      expect(await store.read('kvm', 'qemu:///system', 'box')).toBeUndefined()
    }
  })

  test('forgetting what is not there is done; the folder goes only when nothing is known', async () => {
    const store = new MachineStore(new Home(await temporaryFolder()))
    await store.forget('kvm', 'h', 'box')
    await store.write(record('box'))
    await store.removeFolderIfForgotten('kvm', 'qemu:///system', 'box')
    expect(await store.list()).toHaveLength(1)
    await store.forget('kvm', 'qemu:///system', 'box')
    await store.removeFolderIfForgotten('kvm', 'qemu:///system', 'box')
    expect(await store.names('kvm', 'qemu:///system')).toEqual([])
  })
})

describe('what is known of a host', () => {
  test('is kept; a damaged file is only forgotten, and an unwritable one no error', async () => {
    const folder = await temporaryFolder()
    const facts = hostFactsFile(join(folder, 'hosts', 'kvm.json'))
    expect(await facts.get('works')).toBeUndefined()
    await facts.set('works', { yes: true })
    await facts.set('other', 1)
    expect(await facts.get('works')).toEqual({ yes: true })
    await writeFile(join(folder, 'hosts', 'kvm.json'), '{{{')
    expect(await facts.get('works')).toBeUndefined()
    await facts.set('works', 2)
    expect(await facts.get('works')).toBe(2)
    const nowhere = hostFactsFile(join(folder, 'hosts', 'kvm.json', 'below-a-file.json'))
    await nowhere.set('works', 1)
    expect(await nowhere.get('works')).toBeUndefined()
  })
})

describe('a journal', () => {
  const minted = {
    ref: { name: 'box', id: 'i' },
    runId: 'r',
    macs: [],
    created: 'c',
    installer: { path: 'p', sizeBytes: 1, sha256: 's' },
  }

  test('is read back in order, each entry on the disk when append returns', async () => {
    const file = join(await temporaryFolder(), 'journal.jsonl')
    const journal = openJournal(file, () => new Date(0))
    journal.append({ entry: 'begin', verb: 'up', specDigest: 'd', minted, pid: 1 })
    journal.append({ entry: 'intent', act: 'apply', operation: 'define', object: 'domain box' })
    expect((await readJournal(file)).map(({ n, entry }) => [n, entry])).toEqual([
      [1, 'begin'],
      [2, 'intent'],
    ])
    journal.close()
  })

  test('whose last line a power cut left half written is read up to it', async () => {
    const file = join(await temporaryFolder(), 'journal.jsonl')
    const journal = openJournal(file, () => new Date(0))
    journal.append({ entry: 'begin', verb: 'up', specDigest: 'd', minted, pid: 1 })
    journal.append({ entry: 'intent', act: 'apply', operation: 'define', object: 'domain box' })
    journal.close()
    const whole = await readFile(file)
    for (let length = whole.indexOf('\n') + 1; length < whole.length - 1; length++) {
      await writeFile(file, whole.subarray(0, length))
      const entries = await readJournal(file)
      expect(entries.map(({ entry }) => entry)).toEqual(['begin'])
      expect(mintedIn(entries)).toEqual({ minted, specDigest: 'd' })
    }
  })

  test('is written on after such a line: what comes is not lost', async () => {
    const file = join(await temporaryFolder(), 'journal.jsonl')
    await appendFile(file, '{"n":1,"entry":"beg')
    const journal = openJournal(file, () => new Date(0))
    journal.append({ entry: 'begin', verb: 'up', specDigest: 'd', minted, pid: 1 })
    journal.close()
    expect(mintedIn(await readJournal(file))).toEqual({ minted, specDigest: 'd' })
  })

  test('the latest making counts', async () => {
    const file = join(await temporaryFolder(), 'journal.jsonl')
    const journal = openJournal(file, () => new Date(0))
    for (const runId of ['first', 'second'])
      journal.append({ entry: 'begin', verb: 'up', specDigest: runId, minted: { ...minted, runId }, pid: 1 })
    journal.append({ entry: 'begin', verb: 'up', pid: 2 })
    journal.close()
    expect(mintedIn(await readJournal(file))?.specDigest).toBe('second')
    expect(await readJournal(join(await temporaryFolder(), 'none'))).toEqual([])
  })

  test('readJsonFile tells a missing file from a damaged one', async () => {
    const folder = await temporaryFolder({ 'damaged.json': '{' })
    expect(await readJsonFile(join(folder, 'missing.json'))).toBeUndefined()
    await expect(readJsonFile(join(folder, 'damaged.json'))).rejects.toMatchObject({ code: 'bad-reply' })
  })
})
