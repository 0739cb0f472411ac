import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { command } from '../../../src/commands/doctor.ts'
import { proveBoot, type BootProof } from '../../../src/doctor/prove-boot.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import type { MemoryOptions } from '../../support/memory-provider.ts'
import { crashingFirmware, usual, type GuestScript } from '../../support/played-guest.ts'
import { runMain } from '../../support/run-cli.ts'
import { testCall } from '../../support/test-environment.ts'
import { errorOf, world, type PipelineWorld } from '../pipeline/pipeline-world.ts'

const specProviders = { memory: z.strictObject({}) }

async function proofOn(at: PipelineWorld, signal = new AbortController().signal): Promise<BootProof> {
  const provider = at.hypervisor.open()
  const facts = await provider.facts(testCall())
  await provider.close()
  const { bus } = openVerbRun(at.environment, () => undefined)
  return await proveBoot({
    environment: at.environment,
    specProviders,
    facts,
    host: 'local',
    architecture: 'x86_64',
    bus,
    listener: (event) => {
      at.events.push(event)
    },
    signal,
  })
}

/** A firmware that starts everything, whatever Secure Boot says. */
const trustful: GuestScript = (boot) => usual({ ...boot, hardware: { ...boot.hardware, isSecureBoot: false } })

/** Gives half of the memory. */
const stingy: GuestScript = (boot) =>
  usual({ ...boot, hardware: { ...boot.hardware, memoryBytes: boot.hardware.memoryBytes / 2 } })

describe('the proof that a host boots', () => {
  test('shows what was asked and seen, that Secure Boot is enforced, and leaves nothing', async () => {
    const at = await world()
    const proof = await proofOn(at)
    expect(proof).toMatchObject({
      isProven: true,
      usual: { differences: [], failure: undefined, probe: { tpm: { isPresent: true } } },
      secureBoot: { is: 'enforced', failure: undefined },
    })
    expect(Object.values(proof.usual.times).every((ms) => ms !== undefined)).toBe(true)
    expect(at.hypervisor.inventory()).toEqual([])
    expect(at.hypervisor.openCount).toBe(0)
  })

  test('fails where Secure Boot is on and starts what nobody signed', async () => {
    const at = await world({ guest: trustful })
    expect(await proofOn(at)).toMatchObject({ isProven: false, secureBoot: { is: 'not-enforced' } })
    expect(at.hypervisor.inventory()).toEqual([])
  })

  test('fails where the guest sees less than was asked for', async () => {
    const at = await world({ guest: stingy })
    const differences = [{ key: 'machine.memory', wanted: '512MiB', found: '256MiB' }]
    expect(await proofOn(at)).toMatchObject({ isProven: false, usual: { differences } })
  })

  test('asks for no TPM and no Secure Boot where the host has none', async () => {
    const at = await world({ capabilities: { tpm: false, secureBoot: false } })
    expect(await proofOn(at)).toMatchObject({
      isProven: true,
      usual: { asked: { firmware: { tpm: false } } },
      secureBoot: { is: 'not-offered' },
    })
  })

  test('takes no refusal for a proof where nothing boots at all', async () => {
    const at = await world({ guest: crashingFirmware })
    expect(await proofOn(at)).toMatchObject({
      isProven: false,
      usual: { failure: { code: 'boot-refused' } },
      secureBoot: { is: 'failed' },
    })
    expect(at.hypervisor.inventory()).toEqual([])
  })

  test.each(['apply define', 'apply disk-1', 'apply start', 'updateMark', 'inspect', 'endpoint', 'destroy'])(
    'that is interrupted in %s leaves nothing',
    async (call) => {
      const at = await world()
      const held = at.hypervisor.hold(call)
      const stop = new AbortController()
      const error = errorOf(proofOn(at, stop.signal))
      await held.reached
      stop.abort()
      held.release()
      expect(await error).toMatchObject({ code: 'cancelled' })
      expect(at.hypervisor.inventory()).toEqual([])
      expect(at.hypervisor.openCount).toBe(0)
    },
  )
})

describe('doctor', () => {
  const doctor = async (options: MemoryOptions, ...argv: readonly string[]) => {
    const at = await world(options)
    const app = { environment: async () => at.environment, specProviders: async () => specProviders }
    const entries = [{ name: 'doctor', group: 'Host', summary: 'Doctor.', load: async () => ({ command }) }] as const
    return { at, end: await runMain(['doctor', ...argv], { app, entries }) }
  }

  test('--boot prints one table and ends with 0 where all is as asked', async () => {
    const { end } = await doctor({}, '--boot', '--arch', 'x86_64')
    expect(end.exitCode).toBe(0)
    for (const row of [
      /asked +seen/,
      /acceleration +auto +emulated/,
      /memory +512MiB +512MiB/,
      /disk 1 +64MiB +64MiB, virtio/,
      /network card 0 +nat, 52:54:00/,
      /TPM +2\.0 +2\.0/,
      /Secure Boot on +the unsigned probe is refused +refused: Secure Boot is enforced/,
      /first byte after +\d/,
    ])
      expect(end.stdout).toMatch(row)
  })

  test('--boot ends with 3 where the guest sees something else, and says what', async () => {
    const { end } = await doctor({ guest: stingy }, '--boot', '--arch', 'x86_64')
    expect(end.exitCode).toBe(3)
    expect(end.stdout).toMatch(/ERROR {2}machine\.memory: asked 512MiB, the guest sees 256MiB/)
  })

  test('--boot boots nothing where the host is not ready, and ends with 3', async () => {
    const { at, end } = await doctor({ isReady: false }, '--boot')
    expect(end.exitCode).toBe(3)
    expect(end.stdout).toMatch(/Nothing was booted\.$/m)
    expect(at.hypervisor.acts).toEqual([])
  })

  test('-o json has what support asks for', async () => {
    const { at, end } = await doctor({}, '-o', 'json')
    const report = JSON.parse(end.stdout) as Record<string, unknown>
    expect(report).toMatchObject({
      toolVersion: '0.0.0-test',
      node: process.version,
      paths: { runs: at.environment.home.runsDir },
      providers: [{ provider: 'memory', versions: { memory: '1' }, capabilities: { tpm: true }, findings: [{}] }],
    })
    expect(report).not.toHaveProperty('boots')
  })

  test('refuses --arch without --boot, and a provider that is not there', async () => {
    expect((await doctor({}, '--arch', 'x86_64')).end).toMatchObject({ exitCode: 2 })
    expect((await doctor({}, '--provider', 'nobody')).end).toMatchObject({ exitCode: 2 })
  })
})
