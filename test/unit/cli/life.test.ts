/** The verbs that one lives with a machine by, on the hypervisor in memory. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runMain, temporaryFolder, type RunMainOptions } from '../../support/run-cli.ts'
import { obeying, usual } from '../../support/played-guest.ts'
import { world, type PipelineWorld } from '../pipeline/pipeline-world.ts'

async function run(here: PipelineWorld, argv: readonly string[], options: RunMainOptions = {}) {
  const { environment } = here
  const app = { environment: async () => environment, specProviders: async () => ({}) }
  return await runMain(argv, { app, ...options })
}

async function json(here: PipelineWorld, ...argv: readonly string[]): Promise<unknown> {
  const { stdout } = await run(here, [...argv, '--output', 'json'])
  return JSON.parse(stdout)
}

describe('restart', () => {
  test('shuts the guest down and starts it: another boot, on the same machine', async () => {
    const here = await world({ guest: obeying })
    await here.up()
    const machine = here.hypervisor.byName('box')!
    const before = machine.serial.firmware.log.length
    expect(await json(here, 'restart', 'box')).toMatchObject({ action: 'restarted', acceleration: 'emulated' })
    expect(machine.serial.firmware.logAtStart).toBe(before)
    expect(machine.state).toBe('running')
    expect(here.hypervisor.acts.slice(-3)).toEqual(['stop', 'start', 'updateMark'])
  })

  test('leaves a guest that does not hear running, and names the reset button', async () => {
    const here = await world({ guest: usual })
    await here.up()
    const end = await run(here, ['restart', 'box', '--timeout', '0.01'])
    expect(end.exitCode).toBe(5)
    expect(end.stderr).toContain('azl-vm restart box --force')
    expect(here.hypervisor.byName('box')!.state).toBe('running')
    expect(here.hypervisor.acts).not.toContain('reset')
  })

  test('with --force resets it, and never switches it off', async () => {
    const here = await world()
    await here.up()
    expect(await json(here, 'restart', 'box', '--force')).toMatchObject({ action: 'reset' })
    expect(here.hypervisor.acts).toContain('reset')
    expect(here.hypervisor.acts).not.toContain('stop')
  })

  test.each([[[]], [['--force']]])('starts a machine that is off, and says so (%s)', async (flags) => {
    const here = await world()
    await here.up()
    here.hypervisor.byName('box')!.end('off')
    const end = await run(here, ['restart', 'box', ...flags])
    expect(end.stdout).toBe('box was off and is running (emulated); ssh: 127.0.0.1 port 40001\n')
    expect(here.hypervisor.acts).not.toContain('reset')
  })

  test('refuses a time that is none', async () => {
    const here = await world()
    expect(await run(here, ['restart', 'box', '--timeout', '0'])).toMatchObject({ exitCode: 2 })
  })
})

describe('wait', () => {
  test('returns when the machine goes off, and says its state', async () => {
    const here = await world()
    await here.up()
    const watching = here.hypervisor.hold('watchState')
    const waited = json(here, 'wait', 'box', '--for', 'off')
    await watching.reached
    watching.release()
    here.hypervisor.byName('box')!.end('crashed')
    expect(await waited).toEqual({ machine: 'box', awaited: 'off', state: 'crashed' })
  })

  test('returns at once where it is so already', async () => {
    const here = await world()
    await here.up()
    expect((await run(here, ['wait', 'box', '--for', 'running'])).stdout).toBe('box is running\n')
  })

  test('ends with 5 when the time is over, and says how the machine is', async () => {
    const here = await world()
    await here.up()
    const end = await run(here, ['wait', 'box', '--for', 'off', '--timeout', '0.05'])
    expect(end.exitCode).toBe(5)
    expect(end.stderr).toContain('"box" was not off within 0.05 s; it is running')
  })

  test('ends with 2 when the machine is removed meanwhile', async () => {
    const here = await world()
    await here.up()
    const watching = here.hypervisor.hold('watchState')
    const waited = run(here, ['wait', 'box', '--for', 'off'])
    await watching.reached
    here.hypervisor.machines.clear()
    watching.release()
    const removed = await waited
    expect(removed.stderr).toContain('"box" was removed before it was off')
    expect(removed.exitCode).toBe(2)
  })

  test('ends with 130 at Ctrl-C', async () => {
    const here = await world()
    await here.up()
    const watching = here.hypervisor.hold('watchState')
    const abort = new AbortController()
    const waited = run(here, ['wait', 'box', '--for', 'off'], { signal: abort.signal })
    await watching.reached
    abort.abort()
    expect(await waited).toMatchObject({ exitCode: 130 })
  })

  test('wants to know what for', async () => {
    const here = await world()
    expect((await run(here, ['wait', 'box'])).stderr).toContain('--for')
    expect((await run(here, ['wait', 'box', '--for', 'on'])).stderr).toContain('one of: off, running')
  })
})

describe('detach', () => {
  test('empties the drive; a second one is done; up leaves it so and boots the disk', async () => {
    const here = await world()
    await here.up()
    const machine = here.hypervisor.byName('box')!
    const medium = machine.medium!.path
    expect(await json(here, 'detach', 'box')).toEqual({ machine: 'box', ejected: medium })
    expect(machine.medium).toBeUndefined()
    expect(await json(here, 'detach', 'box')).toEqual({ machine: 'box', ejected: null })
    expect(await here.up()).toMatchObject({ action: 'unchanged' })
    machine.end('off')
    // Nothing is on the disk; what matters is that the firmware's verdict counts, and not the probe's report.
    await expect(here.up()).rejects.toMatchObject({ code: 'boot-refused' })
    expect(machine.medium).toBeUndefined()
    expect(here.events.map((event) => ('message' in event ? event.message : ''))).toContain(
      'the installer of "box" was ejected and stays so: the disk is booted',
    )
  })

  test('is refused while a machine is only half made', async () => {
    const here = await world()
    await here.up()
    const machine = here.hypervisor.byName('box')!
    machine.mark = { ...machine.mark!, phase: 'creating' }
    expect(await run(here, ['detach', 'box'])).toMatchObject({ exitCode: 4 })
    expect(machine.medium).toBeDefined()
  })
})

describe('view', () => {
  test('opens the hypervisor’s window and does not wait for it', async () => {
    const here = await world()
    await here.up()
    const bin = await temporaryFolder()
    const asked = join(bin, 'asked')
    await writeFile(join(bin, 'memory-viewer'), `#!/bin/sh\necho "$@" > ${asked}.new && mv ${asked}.new ${asked}\n`)
    await chmod(join(bin, 'memory-viewer'), 0o755)
    const env = { DISPLAY: ':9', PATH: `${bin}:${process.env['PATH'] ?? ''}` }
    const end = await run(here, ['view', 'box', '--output', 'json'], { env })
    const { id } = here.hypervisor.byName('box')!.ref
    expect(JSON.parse(end.stdout)).toMatchObject({ command: ['memory-viewer', id] })
    await expect.poll(() => readFile(asked, 'utf8').catch(() => '')).toBe(`${id}\n`)
  })

  test.skipIf(process.platform === 'win32' || process.platform === 'darwin')(
    'says what to do without a screen [skipped where there is always one]',
    async () => {
      const here = await world()
      await here.up()
      const end = await run(here, ['view', 'box'])
      expect(end.exitCode).toBe(3)
      expect(end.stderr).toMatch(/memory-viewer .*/)
      expect(end.stderr).toContain('azl-vm screenshot box')
    },
  )

  test('says that the program is missing', async () => {
    const here = await world()
    await here.up()
    const end = await run(here, ['view', 'box'], { env: { DISPLAY: ':9', PATH: '/nonexistent' } })
    expect(end).toMatchObject({ exitCode: 3 })
    expect(end.stderr).toContain('memory-viewer cannot be started')
    expect(end.stderr).toContain('azl-vm screenshot box')
  })
})
