import { symlinkSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { upText } from '../../../src/commands/up-text.ts'
import { AzlVmError } from '../../../src/errors.ts'
import { createProbeReader } from 'boot-probe'
import { crashing, crashingFirmware, goingOff, losingALine, silent, waitingFor } from '../../support/played-guest.ts'
import { probeSpec, testCall } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

describe('up, from nothing', () => {
  test('creates the machine, hears its boot from the first byte, and keeps the evidence', async () => {
    const here = await world()
    const result = await here.up()
    expect(result).toMatchObject({
      action: 'created',
      provider: 'memory',
      machine: { state: 'running', mark: { phase: 'ready', runId: result.runId } },
      bootOutcome: { is: 'left-for', target: 'installer' },
      acceleration: 'emulated',
      removed: undefined,
    })
    expect(result.probe).toMatchObject({ processors: 2, memoryBytes: 4 * 1024 ** 3, then: 'wait' })
    expect(result.endpoint).toEqual({ address: '127.0.0.1', port: 40_000 })
    const reader = createProbeReader()
    reader.feed(await readFile(`${result.evidenceDir}/serial.log`))
    expect(reader.state).toBe('complete')
    expect((await readdir(result.evidenceDir)).toSorted()).toEqual([
      'events.jsonl',
      'plan.json',
      'report.json',
      'serial.log',
    ])
    const record = await here.environment.machines.read('memory', here.hypervisor.host, 'box')
    expect(record).toMatchObject({ phase: 'ready', ref: result.machine.ref, runId: result.runId })
  })

  test('the anchor is made first and the medium is in before the start', async () => {
    const here = await world()
    await here.up()
    expect(here.hypervisor.acts.filter((act) => act.startsWith('apply '))).toEqual(
      ['define', 'pool', 'disk-0', 'attach-installer', 'start', 'forward'].map((id) => `apply ${id}`),
    )
  })

  test('an address that is kept for a card, and that nobody tells the guest, is told at the end', async () => {
    const here = await world()
    const result = await here.up()
    const reserved = { address: '192.168.220.2', prefixLength: 24, gateway: '192.168.220.1' }
    const machine = { ...result.machine, networks: [{ mode: 'nat', mac: '00:15:5d:00:00:01', reserved }] }
    expect(upText({ ...result, machine }, 80)).toContain(
      '\n  network 0   192.168.220.2/24, gateway 192.168.220.1: kept for this card, to be set in the guest by hand\n',
    )
  })

  test('a provider that does not close is a warning, and hides neither the machine nor why there is none', async () => {
    const here = await world()
    here.hypervisor.fail('close', new AzlVmError('backend-failed', 'the line stays open'))
    expect(await here.up()).toMatchObject({ action: 'created' })
    here.hypervisor.fail('apply disk-0', new AzlVmError('backend-failed', 'no space'))
    expect((await errorOf(here.up(probeSpec('box2', 'wait', 'provider: memory')))).message).toContain('no space')
    const warned = here.events.filter((event) => event.type === 'warning' && event.code === 'provider-close')
    expect(warned).toMatchObject([{ message: 'the line stays open' }, { message: 'the line stays open' }])
  })

  test('an operation that fails tells what the hypervisor noted meanwhile', async () => {
    const here = await world()
    here.hypervisor.fail('apply disk-0', () => {
      here.hypervisor.events.push({ at: here.environment.now().toISOString(), text: 'no space', refused: undefined })
      return new AzlVmError('backend-failed', 'no')
    })
    expect((await errorOf(here.up())).evidence).toContain('no space')
  })

  test('--rm takes it away afterwards, and the evidence stays', async () => {
    const here = await world()
    const result = await here.up(waiting(), { isRemovedAfterwards: true })
    expect(result.removed?.removed).toEqual(expect.arrayContaining(['machine box', 'pool']))
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await readdir(result.evidenceDir)).toContain('serial.log')
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test('a probe that switches the machine off is a boot that came all the way', async () => {
    const here = await world()
    const result = await here.up(probeSpec('box', 'poweroff', 'provider: memory'))
    expect(result).toMatchObject({ action: 'created', probe: { then: 'poweroff' }, bootOutcome: { is: 'left-for' } })
    expect(here.hypervisor.byName('box')?.mark?.phase).toBe('ready')
    expect(upText(result, 80)).toMatch(/^box@memory was made and booted, and is off again \(/m)
  })

  test('what the host cannot do is refused with its line in the spec, before anything is made', async () => {
    const here = await world({ capabilities: { tpm: false } })
    const error = await errorOf(here.up(waiting('machine: { firmware: { tpm: true } }')))
    expect(error.code).toBe('not-supported')
    expect([error.message, ...error.evidence].join('\n')).toMatch(/5:\d+/)
    expect(here.hypervisor.acts).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test('a host that is not ready fails with its finding and fix', async () => {
    const error = await errorOf((await world({ isReady: false })).up())
    expect(error).toMatchObject({ code: 'host-not-ready', hint: 'Put some in.' })
    expect(error.message).toContain('there is no memory')
  })
})

describe('--rm', () => {
  const isRemovedAfterwards = true

  /** As Ctrl-C when the n-th call comes. Returns how many came, and how it ended. */
  async function upInterruptedAt(n: number, here: PipelineWorld) {
    const stop = new AbortController()
    const { hypervisor } = here
    const enter = hypervisor.enter.bind(hypervisor)
    let calls = 0
    hypervisor.enter = async (...call) => {
      calls += 1
      if (calls === n) stop.abort()
      await enter(...call)
    }
    const failure = await here.up(waiting(), { isRemovedAfterwards, signal: stop.signal }).then(
      () => undefined,
      (error: unknown) => error,
    )
    hypervisor.enter = enter
    return { calls, failure }
  }

  async function expectNothing(here: PipelineWorld, when: string): Promise<void> {
    expect(here.hypervisor.inventory(), when).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host), when).toEqual([])
  }

  test('interrupted at whatever call leaves nothing', async () => {
    const { calls } = await upInterruptedAt(0, await world())
    expect(calls).toBeGreaterThan(15)
    for (let n = 1; n <= calls; n++) {
      const here = await world()
      const { failure } = await upInterruptedAt(n, here)
      const when = `at call ${String(n)}, ${here.hypervisor.calls[n - 1]?.call ?? ''}`
      expect(failure, when).toMatchObject({ code: 'cancelled' })
      await expectNothing(here, when)
      expect(here.hypervisor.openCount, when).toBe(0)
    }
  })

  test('interrupted at whatever call takes away a machine that was off, once it is its turn to work with it', async () => {
    const off = async (): Promise<PipelineWorld> => {
      const here = await world()
      await here.up()
      here.hypervisor.byName('box')?.end('off')
      return here
    }
    const { calls } = await upInterruptedAt(0, await off())
    const isGone: boolean[] = []
    for (let n = 1; n <= calls; n++) {
      const here = await off()
      const at = here.hypervisor.calls.length + n - 1
      const { failure } = await upInterruptedAt(n, here)
      const when = `at call ${String(n)}, ${here.hypervisor.calls[at]?.call ?? ''}`
      expect(failure, when).toMatchObject({ code: 'cancelled' })
      isGone.push(here.hypervisor.inventory().length === 0)
      if (isGone.at(-1) === true) await expectNothing(here, when)
      else expect(here.hypervisor.byName('box'), when).toMatchObject({ state: 'off', mark: { phase: 'ready' } })
    }
    expect(isGone.indexOf(true)).toBeGreaterThan(0)
    expect(isGone.slice(isGone.indexOf(true))).not.toContain(false)
  })

  test('a failure after the boot removes too, and says so beside the first error', async () => {
    const here = await world()
    here.hypervisor.fail('endpoint', new AzlVmError('backend-failed', 'no answer'))
    const error = await errorOf(here.up(waiting(), { isRemovedAfterwards }))
    expect(error).toMatchObject({ code: 'backend-failed', message: 'no answer' })
    expect(error.hint).toMatch(/The machine was removed\. evidence: /)
    await expectNothing(here, 'afterwards')
  })

  test('a boot that fails keeps its error, and the machine goes although onFailure says keep', async () => {
    const here = await world({ guest: goingOff })
    const error = await errorOf(here.up(waiting(), { isRemovedAfterwards }))
    expect(error.code).toBe('guest-failed')
    expect(error.hint?.match(/The machine was removed/g)).toHaveLength(1)
    await expectNothing(here, 'afterwards')
  })

  test('what cannot be removed is told, with the command that tries again', async () => {
    const here = await world()
    here.hypervisor.fail('destroy', new AzlVmError('backend-failed', 'stuck'))
    const error = await errorOf(here.up(waiting(), { isRemovedAfterwards }))
    expect(error).toMatchObject({ code: 'backend-failed', message: 'stuck' })
    expect(error.hint).toContain('azl-vm destroy box')
    here.hypervisor.heal()
    await here.destroy('box')
    await expectNothing(here, 'afterwards')
  })

  test.each([
    [
      'whose run failed',
      'machine-failed',
      async (here: PipelineWorld) =>
        (here.hypervisor.byName('box')!.mark = { ...here.hypervisor.byName('box')!.mark!, phase: 'failed' }),
    ],
    [
      'that differs from the spec',
      'machine-differs',
      async (here: PipelineWorld) =>
        (here.hypervisor.byName('box')!.config = { ...here.hypervisor.byName('box')!.config, cpus: 7 }),
    ],
  ] as const)('leaves a machine alone %s: nothing was done with it', async (_, code, change) => {
    const here = await world()
    await here.up()
    await change(here)
    const before = here.hypervisor.inventory()
    expect(await errorOf(here.up(waiting(), { isRemovedAfterwards }))).toMatchObject({ code })
    expect(here.hypervisor.inventory()).toEqual(before)
  })
})

describe('up, again', () => {
  test('a machine that runs as the spec says is left alone', async () => {
    const here = await world()
    await here.up()
    const before = here.hypervisor.acts.length
    const again = await here.up()
    expect(again).toMatchObject({ action: 'unchanged', probe: undefined, endpoint: { port: 40_000 } })
    expect(here.hypervisor.acts.slice(before)).toEqual([])
  })

  test('one that is off is started, and its boot is heard', async () => {
    const here = await world()
    const first = await here.up()
    here.hypervisor.byName('box')?.end('off')
    const again = await here.up()
    expect(again).toMatchObject({ action: 'started', probe: { then: 'wait' } })
    expect(again.machine.ref).toEqual(first.machine.ref)
    expect(again.machine.mark?.runId).toBe(first.runId)
  })

  test('an ejected installer is no difference', async () => {
    const here = await world()
    await here.up()
    here.hypervisor.byName('box')!.medium = undefined
    expect(await here.up()).toMatchObject({ action: 'unchanged' })
  })

  test('every difference is named at its key, and nothing is changed', async () => {
    const here = await world()
    await here.up()
    const before = here.hypervisor.acts.length
    const error = await errorOf(
      here.up(
        waiting(
          'machine: { cpus: 8, memory: 1GiB, disks: [{ size: 1GiB }, {}], firmware: { tpm: true }, networks: [] }',
        ),
      ),
    )
    expect(error.code).toBe('machine-differs')
    const keys = error.evidence.map((line) => line.slice(0, line.indexOf(':')))
    expect(keys).toEqual([
      'machine.cpus',
      'machine.memory',
      'machine.firmware.tpm',
      'machine.networks',
      'machine.disks[0].size',
      'disk-1',
    ])
    expect(error.evidence[0]).toBe('machine.cpus: the spec says 8, the machine has 2')
    expect(here.hypervisor.acts.slice(before)).toEqual([])
  })

  test('another medium is a difference too', async () => {
    const here = await world()
    await here.up()
    const error = await errorOf(here.up(probeSpec('box', 'poweroff', 'provider: memory')))
    expect(error.evidence.join('\n')).toContain('source.probe: the spec says')
  })

  test('a machine whose run failed is refused, with why and the two commands that go on', async () => {
    const here = await world({ guest: goingOff })
    await errorOf(here.up())
    const error = await errorOf(here.up())
    expect(error.code).toBe('machine-failed')
    expect(error.message).toContain('switched off before')
    expect(error.hint).toContain('azl-vm start box')
    expect(error.hint).toContain('azl-vm destroy box')
  })
})

describe('what up says of a machine whose guest switched it off', () => {
  const text = probeSpec('box', 'poweroff', 'provider: memory')

  test('gone on with after an interrupted run, it is off again, and not up', async () => {
    const here = await world()
    await here.upKilledAt(3, text)
    const result = await here.up(text)
    expect(result).toMatchObject({ action: 'continued', machine: { state: 'off' } })
    expect(upText(result, 80)).toMatch(
      /^box@memory has booted, gone on with after an interrupted run, and is off again \(/m,
    )
  })

  test('started anew, that is what it was; removed, that is what it is', async () => {
    const here = await world()
    await here.up(text)
    expect(upText(await here.up(text), 80)).toMatch(/^box@memory was off and is started \(/m)
    const removed = await here.up(text, { isRemovedAfterwards: true })
    expect(upText(removed, 80)).toMatch(/^box@memory was up, and is removed again \(/m)
  })
})

describe('up, where the machine is neither on nor off', () => {
  test('a saved one is started where it was, without a boot to hear', async () => {
    const here = await world()
    await here.up()
    here.hypervisor.fail('findByName', () => {
      here.hypervisor.heal()
      here.hypervisor.byName('box')!.state = 'saved'
      return undefined
    })
    expect(await here.up()).toMatchObject({ action: 'started', bootOutcome: undefined })
  })

  test.each(['paused', 'stopping'] as const)('one that is %s is left so, and not called running', async (state) => {
    const here = await world()
    await here.up()
    here.hypervisor.byName('box')!.state = state
    const result = await here.up()
    expect(result).toMatchObject({ action: 'unchanged', machine: { state } })
    expect(upText(result, 80)).toContain(`but is ${state === 'paused' ? 'paused' : 'switching itself off'}`)
  })
})

describe('a name that is taken', () => {
  test.each([
    [
      'by somebody without azl-vm',
      'BOX',
      (here: Awaited<ReturnType<typeof world>>) => here.hypervisor.addForeign('BOX'),
    ],
  ])('%s is machine-exists, and the machine stays as it is', async (_, name, make) => {
    const here = await world()
    make(here)
    const error = await errorOf(here.up())
    expect(error.code).toBe('machine-exists')
    expect(error.message).toContain(`"${name}"`)
    expect(here.hypervisor.acts).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test('by another owner’s machine of azl-vm: the same', async () => {
    const here = await world()
    await here.up(waiting(), { environment: here.as('other') })
    const before = here.hypervisor.acts.length
    const error = await errorOf(here.up())
    expect(error).toMatchObject({ code: 'machine-exists' })
    expect(error.message).toContain('another user')
    expect(here.hypervisor.acts.slice(before)).toEqual([])
  })

  test.each([
    ['gone on with', waiting(), 'continued'],
    ['removed, for the spec is another now,', waiting('machine: { cpus: 1 }'), 'created'],
  ])('by what an interrupted run had asked for, made only after the look: it is %s', async (_, text, action) => {
    const here = await world()
    await here.upKilledAt(4)
    const { machines } = here.hypervisor
    const late = [...machines]
    expect(late).toHaveLength(1)
    machines.clear()
    here.hypervisor.fail('apply define', () => {
      here.hypervisor.heal()
      for (const [id, machine] of late) machines.set(id, machine)
      return undefined
    })
    expect(await here.up(text)).toMatchObject({ action, machine: { state: 'running' } })
    expect([...machines.keys()].includes(late[0]![0])).toBe(action === 'continued')
    expect(machines.size).toBe(1)
  })

  test('between the look and the claim: nothing of the winner is taken back', async () => {
    const here = await world()
    here.hypervisor.fail('apply define', () => {
      if (!here.hypervisor.byName('Box')) here.hypervisor.addForeign('Box')
      return undefined
    })
    expect(await errorOf(here.up())).toMatchObject({ code: 'machine-exists' })
    expect(here.hypervisor.acts.filter((act) => act.startsWith('undo'))).toEqual([])
    expect(here.hypervisor.inventory()).toEqual(['machine Box'])
  })
})

describe('a boot that fails', () => {
  const cases = [
    { guest: goingOff, code: 'guest-failed', says: 'switched off before' },
    { guest: crashing, code: 'guest-failed', says: 'switched off before' },
    { guest: crashingFirmware, code: 'boot-refused', says: 'the firmware itself crashed' },
    { guest: losingALine, code: 'guest-failed', says: 'damaged' },
  ] as const
  test.each(cases)('says $code: $says; the machine is kept, marked failed, with a screenshot', async (each) => {
    const here = await world({ guest: each.guest })
    const error = await errorOf(here.up())
    expect(error.code).toBe(each.code)
    expect(error.message).toContain(each.says)
    expect(error.hint).toContain('azl-vm destroy box')
    expect(here.hypervisor.byName('box')?.mark?.phase).toBe('failed')
  })

  test('Secure Boot: the refusal is told with the firmware’s own line', async () => {
    const here = await world()
    const error = await errorOf(here.up(waiting('machine: { firmware: { secureBoot: true } }')))
    expect(error.code).toBe('boot-refused')
    expect(error.evidence.join('\n')).toContain('Access Denied')
    expect(error.hint).toContain('secureBoot: false')
  })

  test('silence until timeouts.boot is timed-out and says that nothing was heard', async () => {
    const here = await world({ guest: silent })
    const error = await errorOf(here.up(waiting('timeouts: { boot: 1s }')))
    expect(error.code).toBe('timed-out')
    expect(error.evidence.join('\n')).toContain('nothing was heard')
  })

  test('onFailure: remove takes the machine away', async () => {
    const here = await world({ guest: goingOff })
    const error = await errorOf(here.up(waiting('onFailure: remove')))
    expect(error.code).toBe('guest-failed')
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test('a screenshot that cannot be taken hides nothing', async () => {
    const here = await world({ guest: losingALine })
    here.hypervisor.fail('screenshot', new AzlVmError('backend-failed', 'no screen'))
    expect(await errorOf(here.up())).toMatchObject({ code: 'guest-failed' })
  })
})

describe('what follows a boot that fails', () => {
  const timingOut = 'timeouts: { boot: 1s }'

  test('names what could not be removed beside the first error', async () => {
    const here = await world({ guest: silent })
    here.hypervisor.fail('destroy', new Error('stuck'))
    const error = await errorOf(here.up(waiting('onFailure: remove', timingOut)))
    expect(error.code).toBe('timed-out')
    expect(error.evidence).toContain('could not remove the machine "box": stuck')
    expect(error.hint).toContain('azl-vm destroy box')
    expect(error.hint).not.toContain('was removed')
  })

  test('a mark that cannot be written does not take the first error’s place', async () => {
    const here = await world({ guest: silent })
    here.hypervisor.fail('updateMark', () =>
      here.hypervisor.byName('box')?.mark?.phase === 'booting' ? new Error('no metadata') : undefined,
    )
    const error = await errorOf(here.up(waiting(timingOut)))
    expect(error.code).toBe('timed-out')
    expect(error.evidence).toContain('could not mark the machine as failed: no metadata')
  })

  test.skipIf(process.platform !== 'linux')(
    'a full disk under the transcript ends the wait, and not the process',
    async () => {
      const here = await world()
      const upping = here.up(waiting('onFailure: remove'), {
        listener: ({ type, runId }) => {
          if (type === 'run-started') symlinkSync('/dev/full', here.environment.home.run(runId).serial)
        },
      })
      expect((await errorOf(upping)).code).toBe('no-space')
      expect(here.hypervisor.inventory()).toEqual([])
    },
  )

  test('an unknown error stays a bug, and the machine is marked all the same', async () => {
    const here = await world({ guest: silent })
    const bug = new TypeError('a bug')
    const upping = here.up(waiting(timingOut), {
      listener: (event) => {
        if (event.type === 'step-started' && event.id === 'boot') throw bug
      },
    })
    await expect(upping).rejects.toBe(bug)
    expect(here.hypervisor.byName('box')?.mark?.phase).toBe('failed')
  })
})

describe('a making that fails', () => {
  const steps = ['define', 'pool', 'disk-0', 'attach-installer', 'start', 'forward'] as const

  test.each(steps)('at %s leaves nothing, and throws the first error', async (step) => {
    const here = await world()
    here.hypervisor.fail(`apply ${step}`, new AzlVmError('no-space', 'no room'))
    expect(await errorOf(here.up())).toMatchObject({ code: 'no-space', message: 'no room' })
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test.each(['inspect', 'openConsole', 'updateMark'])('at the call %s leaves nothing either', async (call) => {
    // Where the system may have a port of its own, a new machine is looked at for it.
    const here = await world({ capabilities: { systemPort: true } })
    here.hypervisor.fail(call, new AzlVmError('backend-failed', 'broken'))
    expect(await errorOf(here.up())).toMatchObject({ code: 'backend-failed', message: 'broken' })
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test('is taken back the last step first', async () => {
    const here = await world()
    here.hypervisor.fail('apply attach-installer', new AzlVmError('no-space', 'no room'))
    await errorOf(here.up())
    expect(here.hypervisor.acts.filter((act) => act.startsWith('undo'))).toEqual([
      'undo attach-installer',
      'undo disk-0',
      'undo pool',
      'undo define',
    ])
  })

  test('an undo that fails is told beside the first error, the others go on, and the machine is remembered', async () => {
    const here = await world()
    here.hypervisor.fail('apply start', new AzlVmError('host-not-ready', 'no power'))
    here.hypervisor.fail('undo disk-0', new AzlVmError('backend-failed', 'stuck'))
    const error = await errorOf(here.up())
    expect(error).toMatchObject({ code: 'host-not-ready', message: 'no power' })
    expect(error.evidence.join('\n')).toMatch(/could not take back file box\..*disk0: stuck/)
    expect(error.hint).toContain('azl-vm destroy box')
    expect(here.hypervisor.acts).toContain('undo define')
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual(['box'])
  })

  // At the claim nothing is made yet: see plan-machine.test.ts.
  test.each(steps.filter((step) => step !== 'define'))(
    'Ctrl-C at %s keeps what was made (onFailure: keep), and the next up goes on with it',
    async (step) => {
      const here = await world()
      const held = here.hypervisor.hold(`apply ${step}`)
      const abort = new AbortController()
      const upping = errorOf(here.up(waiting(), { signal: abort.signal }))
      await held.reached
      abort.abort()
      const error = await upping
      expect(error.code).toBe('cancelled')
      expect(error.hint).toContain('azl-vm up')
      expect(here.hypervisor.acts.filter((act) => act.startsWith('undo'))).toEqual([])
      held.release()
      const again = await here.up()
      expect(again.action).toMatch(/^(?:created|continued)$/)
      expect(again.machine.state).toBe('running')
      expect([...here.hypervisor.machines.keys()]).toHaveLength(1)
      await here.destroy('box')
      expect(here.hypervisor.inventory()).toEqual([])
    },
  )

  test.each(steps)('Ctrl-C at %s takes everything back with onFailure: remove', async (step) => {
    const here = await world()
    const held = here.hypervisor.hold(`apply ${step}`)
    const abort = new AbortController()
    const upping = errorOf(here.up(waiting('onFailure: remove'), { signal: abort.signal }))
    await held.reached
    abort.abort()
    expect(await upping).toMatchObject({ code: 'cancelled' })
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test('Ctrl-C while it boots keeps the machine, and the next up hears the rest of that boot', async () => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const here = await world({ guest: waitingFor(gate) })
    const abort = new AbortController()
    const upping = errorOf(here.up(waiting(), { signal: abort.signal }))
    await untilPhase(here, 'booting')
    abort.abort()
    expect(await upping).toMatchObject({ code: 'cancelled' })
    expect(here.hypervisor.byName('box')).toMatchObject({ state: 'running', mark: { phase: 'booting' } })
    const { pid } = here.processes.self
    here.processes.become(pid + 1)
    here.processes.die(pid)
    const again = here.up()
    open()
    expect(await again).toMatchObject({ action: 'continued', probe: { then: 'wait' } })
  })
})

async function untilPhase(here: Awaited<ReturnType<typeof world>>, phase: string): Promise<void> {
  while (here.hypervisor.byName('box')?.mark?.phase !== phase) await new Promise((resolve) => setImmediate(resolve))
}

describe('an up that was killed', () => {
  /** As many as an undisturbed `up` writes; the test below holds it. */
  const entries = 14
  const points = Array.from({ length: entries }, (_, index) => index + 1)

  test('there are no more places to be killed at than are tried here', async () => {
    const here = await world()
    expect(await here.upKilledAt(Number.POSITIVE_INFINITY)).toBe(entries)
  })

  test.each(points)('at entry %i: the next up makes one whole machine, and destroy leaves nothing', async (n) => {
    const here = await world()
    await here.upKilledAt(n)
    const again = await here.up()
    expect(again.machine).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
    expect([...here.hypervisor.machines.keys()]).toHaveLength(1)
    expect(await here.hypervisor.open().leftovers(testCall())).toEqual([])
    await here.destroy('box')
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test.each(points)('at entry %i: gc finds all that is left, unless the machine was finished', async (n) => {
    const here = await world()
    await here.upKilledAt(n)
    await here.gc()
    const isFinished = n === entries
    expect(here.hypervisor.byName('box') !== undefined).toBe(isFinished)
    if (!isFinished) expect(here.hypervisor.inventory()).toEqual([])
    if (!isFinished) expect(await here.environment.machines.names('memory', here.hypervisor.host)).toEqual([])
  })

  test.each(points.slice(1))('at entry %i: destroy leaves nothing', async (n) => {
    const here = await world()
    await here.upKilledAt(n)
    if (here.hypervisor.byName('box')) await here.destroy('box')
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test.each([2, 5, 9])('at entry %i, and the spec changed since: it is begun anew as the spec says now', async (n) => {
    const here = await world()
    await here.upKilledAt(n)
    const again = await here.up(waiting('machine: { cpus: 3 }'))
    expect(again.machine).toMatchObject({ cpus: 3, state: 'running' })
    expect([...here.hypervisor.machines.keys()]).toHaveLength(1)
    expect(await here.hypervisor.open().leftovers(testCall())).toEqual([])
  })

  test('a machine that another living up is making is busy, and named with its pid', async () => {
    const here = await world()
    await here.upKilledAt(6)
    const machine = here.hypervisor.byName('box')!
    const living = here.processes.self
    here.processes.become(living.pid + 5)
    machine.mark = { ...machine.mark!, creator: living }
    const error = await errorOf(here.up())
    expect(error.code).toBe('resource-busy')
    expect(error.message).toContain(String(living.pid))
  })
})
