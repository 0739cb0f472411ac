import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { watch } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { libvirtUnavailable, startLibvirtDaemon } from '../../../../test/support/libvirt-daemon.ts'

const helper = fileURLToPath(new URL('../../../../test/support/libvirt-daemon.ts', import.meta.url))

describe.skipIf(libvirtUnavailable() !== undefined)('the daemon for tests', () => {
  it('leaves nothing behind when it is stopped, however often', async () => {
    const daemon = await startLibvirtDaemon()
    expect(existsSync(daemon.socketPath)).toBe(true)
    await Promise.all([daemon.stop(), daemon.stop()])
    await daemon.stop()
    expect(existsSync(daemon.folder)).toBe(false)
    expect(() => process.kill(daemon.pid, 0)).toThrow()
  }, 60_000)

  it('leaves nothing behind when the tests are killed', async () => {
    const work = await mkdtemp(join(tmpdir(), 'libvirt-ts-daemon-'))
    const outfile = join(work, 'start.mjs')
    const contents = `import { startLibvirtDaemon } from ${JSON.stringify(helper)}
      const { folder } = await startLibvirtDaemon()
      console.log(folder)
      setInterval(() => undefined, 1000)`
    await build({ stdin: { contents, resolveDir: work }, outfile, bundle: true, platform: 'node', format: 'esm' })
    const child = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const folder = line.toString().trim()
    expect(existsSync(folder)).toBe(true)
    const gone = whenGone(folder)
    child.kill('SIGKILL')
    await gone
    await rm(work, { recursive: true })
  }, 60_000)
})

function whenGone(path: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), (_event, name) => {
      if ((name !== null && name !== basename(path)) || existsSync(path)) return
      watcher.close()
      resolve()
    })
  })
}
