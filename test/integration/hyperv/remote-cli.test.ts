/** A user with a Hyper-V host behind ssh: the command itself, a real sshd, the simulator behind it, one boot. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildTool, type BuiltTool } from '../../support/e2e-build.ts'
import { ToolProcess, type Ended } from '../../support/e2e-process.ts'
import { tellEnd } from '../../support/tool-world.ts'
import { startRemoteHyperV, type RemoteHyperV } from '../../support/hyperv-remote.ts'
import { missingForSimulator } from '../../support/hyperv-simulator.ts'
import { sshUnavailable } from '../../support/ssh-server.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = sshUnavailable() ?? (await missingForSimulator())

/** A dozen commands, each of which starts PowerShell twice; milliseconds. */
const timeout = 900_000

describeWhere('azl-vm, host behind ssh', unavailable, () => {
  let remote: RemoteHyperV
  let tool: BuiltTool
  let home: string
  /** Where the machine is to be, over there. */
  let storage: string
  let spec: string
  const processes: ToolProcess[] = []
  beforeAll(async () => {
    tool = await buildTool()
    remote = await startRemoteHyperV()
    home = await mkdtemp(join(tmpdir(), 'azl-afar-'))
    storage = join(remote.simulator.folder, "VMs of O'Groß [2] & $y")
    await mkdir(storage)
    spec = join(home, 'afar.yaml')
    // JSON is YAML too.
    const machine = { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }], networks: [] }
    const source = { probe: { then: 'wait' } }
    const { host } = remote
    await writeFile(
      spec,
      JSON.stringify({
        version: 1,
        name: 'afar',
        provider: 'hyperv',
        host,
        source,
        machine,
        storage: { path: storage },
      }),
    )
  }, timeout)
  afterAll(async () => {
    for (const each of processes) if (!each.isEnded) each.kill('SIGKILL')
    await Promise.all(processes.map((each) => each.ended))
    await remote.stop()
    await tool.remove()
    await rm(home, { recursive: true })
  })

  const spawn = (...argv: readonly string[]): ToolProcess => {
    const env = { ...remote.env, HOME: home, AZL_VM_HOME: home }
    const started = new ToolProcess({ command: [process.execPath, tool.cli, ...argv], cwd: home, env })
    processes.push(started)
    return started
  }
  const run = async (...argv: readonly string[]): Promise<Ended> => {
    const started = spawn(...argv)
    started.endInput()
    return await started.ended
  }
  const json = async (...argv: readonly string[]): Promise<unknown> => {
    const end = await run(...argv, '--output', 'json')
    expect(end.exitCode, tellEnd(end)).toBe(0)
    return JSON.parse(end.stdout)
  }
  const own = (folder: string): Promise<readonly string[]> => readdir(join(remote.home, '.azl-vm', folder))

  test('lives with a machine there, from an up that is interrupted to nothing left', { timeout }, async () => {
    const planned = await run('plan', spec)
    expect(planned.stdout, tellEnd(planned)).toContain(join(remote.home, '.azl-vm', 'media'))

    // A step is announced while it lasts only where it lasts long; what is asked of the host is told at once.
    const cut = spawn('up', spec, '--verbose')
    await cut.says('stderr', /start afar/)
    cut.kill('SIGINT')
    const cutEnd = await cut.ended
    expect(cutEnd.exitCode, tellEnd(cutEnd)).toBe(130)
    // What goes on over there is the machine's recorder, at most.
    await vi.waitFor(async () => expect((await remote.processes()).length).toBeLessThanOrEqual(1), 60_000)

    expect(await json('up', spec)).toMatchObject({ machine: { state: 'running' }, probe: { then: 'wait' } })
    expect(await json('up', spec)).toMatchObject({ action: 'unchanged' })
    expect(JSON.stringify(await json('ls'))).toContain(remote.host)
    const status = await run('status', 'afar')
    expect(status.stdout, tellEnd(status)).toContain(storage)
    const logs = await run('logs', 'afar')
    expect(logs.stdout, tellEnd(logs)).toContain('"type":"end"')

    const forced = await run('stop', 'afar', '--force')
    expect(forced.exitCode, tellEnd(forced)).toBe(0)
    const disk = join(home, 'größe.vhdx')
    const before = await readdir(storage, { recursive: true })
    const exported = await run('export', 'afar', disk)
    expect(exported.exitCode, tellEnd(exported)).toBe(0)
    expect((await readFile(disk)).toString('latin1', 0, 8)).toBe('vhdxfile')
    // There nothing is left of it.
    expect(await readdir(storage, { recursive: true })).toEqual(before)
    // Its recorder is still there, and the machine is heard by it again.
    const started = await run('start', 'afar')
    expect(started.exitCode, tellEnd(started)).toBe(0)

    const orphan = randomUUID()
    await mkdir(join(remote.home, '.azl-vm', 'recorders', orphan))
    expect(await json('gc', '--yes')).toMatchObject({ removed: [expect.stringContaining(orphan) as string] })
    expect(await own('recorders')).toHaveLength(1)

    expect(await run('destroy', 'afar')).toMatchObject({ exitCode: 0 })
    expect([await own('recorders'), await own('media'), await readdir(storage)]).toEqual([[], [], []])
    await vi.waitFor(async () => expect(await remote.processes()).toEqual([]), 60_000)
  })
})
