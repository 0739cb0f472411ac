/** azl-vm on Windows' own runtime: Windows' Node under Wine, real drives, pipes and argument quoting. */
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join, win32 } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { options } from '../../scripts/build.mjs'
import { tellEnd } from '../support/tool-world.ts'
import { missingForWindows, Windows, windowsLimitMs } from '../support/windows.ts'
import { install, installed } from '../support/windows-install.ts'

const missing = await missingForWindows()

/** What decides on paths, names and arguments. Their expectations hold on every system. */
const unitTests = [
  ...['host', 'machine-state', 'plan', 'powershell-text', 'worker'].map((name) => `hyperv/${name}`),
  ...['defaults', 'faults', 'overrides', 'read-file', 'yaml'].map((name) => `spec/${name}`),
  ...['lock', 'state'].map((name) => `store/${name}`),
].map((name) => `test/unit/${name}.test`)

async function installUnitTests(windows: Windows): Promise<void> {
  await build({
    ...options,
    outdir: join(windows.unix(installed), 'tests'),
    entryPoints: {
      run: 'test/e2e/fixtures/unit-on-windows.ts',
      ...Object.fromEntries(unitTests.map((test) => [test, `${test}.ts`])),
    },
  })
}

const title = `on Windows${missing ? ` [skipped: ${missing}]` : ''}`
describe.skipIf(missing !== undefined)(title, { timeout: windowsLimitMs }, () => {
  let windows: Windows
  beforeAll(async () => {
    windows = await Windows.begin()
    await install(windows, { 'on-windows': 'test/e2e/fixtures/on-windows.ts' })
    await installUnitTests(windows)
  }, windowsLimitMs)
  afterAll(() => windows.stop())

  it('keeps its state, its locks, other programs’ arguments and its worker; copies a medium from a share', async () => {
    const folder = String.raw`C:\Größe & Maß\100%`
    const shared = String.raw`\\dateiserver\Freigabe für alle\Prüf [1] & 100%.iso`
    await writeFile(join(windows.share, win32.basename(shared)), 'a medium'.repeat(10_000))
    const words = ['', 'a b', 'a"b', 'a\\', String.raw`a\\"b c\\`, '%PATH%', '^&|<>', 'ä“”', '*']
    const program = String.raw`${installed}\dist\on-windows.js`
    const end = await windows.node([program, 'all', folder, shared, ...words])
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({
      platform: 'win32',
      controller: { machineId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
      quoted: { spawned: words, throughExeca: words, inPowershell: words },
      files: {
        after: { n: expect.any(Number) as number },
        journal: '1\n2\n',
        entries: ['journal.jsonl', 'state.json'],
      },
      locks: { most: 1, whileHeld: true, busy: 'resource-busy', afterKill: 'taken', entries: [] },
      worker: {
        hello: { separator: '\\', rights: { administrator: true } },
        vhd: { disk: { sizeBytes: 67108864, parent: '' } },
        machine: {
          name: 'azl4[1]',
          notes: expect.stringMatching(/^für [0-9a-f-]{36}$/) as string,
          path: String.raw`${folder}\Maschinen für “Tests”\azl-vm-run`,
        },
      },
      media: {
        copy: expect.stringMatching(/^C:\\users\\.+\\\.azl-vm\\media\\[0-9a-f]{64}\.iso$/) as string,
        isWhole: true,
        onDisk: String.raw`${folder}\größe.iso`,
      },
    })
  })

  const cli = String.raw`${installed}\dist\cli.js`
  const env = { AZL_VM_HOME: String.raw`C:\Benutzer Größe\azl vm` }
  const storage = String.raw`C:\Virtuelle Maschinen\für Tests`

  /** Run from the folder of the spec, as users do. */
  async function spec(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const folder = String.raw`D:\Spezifikationen (neu)`
    const text = JSON.stringify({
      version: 1,
      name,
      provider: 'hyperv',
      source: { probe: { then: 'wait' } },
      machine: { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }], networks: [] },
      storage: { path: storage },
      ...more,
    })
    await mkdir(windows.unix(folder), { recursive: true })
    await writeFile(join(windows.unix(folder), `${name}.yaml`), text)
    return win32.join(folder, `${name}.yaml`)
  }

  async function json(argv: readonly string[]): Promise<unknown> {
    const end = await windows.node([cli, ...argv, '--output', 'json'], { env })
    expect(end.exitCode, tellEnd(end)).toBe(0)
    return JSON.parse(end.stdout)
  }

  /** Types at the machine until it is off. */
  async function talk(): Promise<void> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const words = [String.raw`${installed}\dist\on-windows.js`, 'typed', String(port), cli, 'console', 'probe']
    const running = await windows.startNode(words, { env })
    const failed = running.ended.then((end) => Promise.reject(new Error(`it ended before: ${tellEnd(end)}`)))
    const [socket] = (await Promise.race([once(server, 'connection'), failed])) as [Socket]
    await running.says('stderr', /connected to probe/)
    socket.write('ping windows\r')
    let heard = ''
    for await (const text of socket.setEncoding('utf8') as AsyncIterable<string>) {
      if (!heard.includes('"type":"pong"') && (heard + text).includes('"type":"pong"')) socket.write('off\r')
      heard += text
    }
    server.close()
    expect(heard).toContain('"text":"ping windows"')
    const end = await running.ended
    expect(end.exitCode, tellEnd(end)).toBe(0)
  }

  /** Folders of machines, and of recorders that listen to them. */
  async function leftBehind(): Promise<readonly string[]> {
    const folders = [storage, win32.join(env.AZL_VM_HOME, 'state', 'recorders', 'hyperv')]
    return (await Promise.all(folders.map((folder) => readdir(windows.unix(folder)).catch(() => [])))).flat()
  }

  it('makes, boots and reaches a machine, and removes all of it', async () => {
    const tooLong = await spec('zu-lang', { storage: { path: win32.join(storage, 'x'.repeat(150)) } })
    const refused = await windows.node([cli, 'up', tooLong], { env })
    expect(refused.exitCode, tellEnd(refused)).toBe(2)
    expect(refused.stderr).toMatch(/storage\.path.*\n?.*and Windows takes 259/)
    expect(await json(['up', await spec('probe')])).toMatchObject({
      action: 'created',
      machine: { state: 'running' },
      probe: {
        secureBoot: false,
        processors: 1,
        memoryBytes: 256 * 1024 ** 2,
        disks: [{ sizeBytes: 64 * 1024 ** 2 }],
        droppedBytes: 0,
      },
    })
    expect(await json(['status', 'probe'])).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
    await talk()
    expect(await json(['status', 'probe'])).toMatchObject({ state: 'off' })
    expect(await json(['destroy', 'probe'])).toBeDefined()
    expect(await leftBehind()).toEqual([])
  })

  it('killed while its machine boots, leaves nothing that gc does not find', async () => {
    const killed = await windows.startNode([cli, 'up', await spec('killed')], { env })
    // The machine has all that belongs to it by then, and a recorder and PowerShell go on without us.
    await killed.says('stderr', /^start killed/m)
    killed.kill()
    await killed.ended
    expect(await leftBehind()).toContainEqual(expect.stringMatching(/^azl-vm-/))
    expect(await json(['gc', '--yes'])).toMatchObject({
      removed: expect.arrayContaining(['machine killed']) as string[],
    })
    expect(await leftBehind()).toEqual([])
  })

  it('passes the unit tests of paths, names and arguments', async () => {
    const files = unitTests.map((test) => win32.join(installed, 'tests', `${test}.js`))
    const end = await windows.node([win32.join(installed, 'tests', 'run.js'), ...files])
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(JSON.parse(end.stdout)).toEqual({
      platform: 'win32',
      // Of each file.
      passed: unitTests.map(() => expect.toSatisfy((count: number) => count > 0) as number),
      failed: [],
    })
  })
})
