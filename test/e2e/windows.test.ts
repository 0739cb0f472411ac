/** azl-vm on Windows' own runtime: Windows' Node under Wine, real drives, pipes and argument quoting. */
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { options } from '../../scripts/build.mjs'
import { tellEnd } from '../support/tool-world.ts'
import { repositoryRoot } from '../support/run-cli.ts'
import { missingForWindows, Windows, windowsLimitMs } from '../support/windows.ts'

const missing = await missingForWindows()

/** Where npm would have put it, on a drive and below a name that Windows' users have. */
const installed = String.raw`D:\Über uns & Co (100%)\azl-vm`

async function install(windows: Windows): Promise<void> {
  const folder = windows.unix(installed)
  const { default: manifest } = (await import('../../package.json', { with: { type: 'json' } })) as {
    default: { files: readonly string[] }
  }
  await mkdir(folder, { recursive: true })
  for (const name of ['package.json', ...manifest.files.filter((file) => file !== 'dist')])
    await cp(join(repositoryRoot, name), join(folder, name), { recursive: true })
  await build({
    ...options,
    outdir: join(folder, 'dist'),
    entryPoints: {
      cli: 'src/cli.ts',
      recorder: 'src/recorder/main.ts',
      'on-windows': 'test/e2e/fixtures/on-windows.ts',
    },
  })
}

describe.skipIf(missing !== undefined)(`on Windows${missing ? ` [skipped: ${missing}]` : ''}`, () => {
  let windows: Windows
  beforeAll(async () => {
    windows = await Windows.begin()
    await install(windows)
  }, windowsLimitMs)
  afterAll(() => windows.stop())

  it('keeps its state, its locks and its worker', async () => {
    const folder = String.raw`C:\Größe & Maß\100%`
    const words = ['', 'a b', 'a"b', 'a\\', String.raw`a\\"b c\\`, '%PATH%', '^&|<>', 'ä“”', '*']
    const program = String.raw`${installed}\dist\on-windows.js`
    const end = await windows.node([program, 'all', folder, ...words])
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({
      platform: 'win32',
      controller: { machineId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
      arguments: words,
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
    })
  })
})
