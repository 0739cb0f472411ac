/** `npm run test:hyperv`, with the simulator in the place of Windows: all of its evidence, and what is made of it. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accept } from '../../hyperv-host/accept.ts'
import { bootKinds, inThisFolder, readEvidence, type Evidence } from '../../hyperv-host/evidence.ts'
import { main } from '../../hyperv-host/main.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { repositoryRoot } from '../../support/run-cli.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForSimulator()
const timeout = 900_000
/** Of the contract suite: a machine is made and looked at, by Hyper-V's own cmdlets. */
const oneTest = 'making it leaves it off'

describeWhere('evidence of a host', missing, () => {
  let simulator: HyperVSimulator
  let folder: string
  let file: string
  let evidence: Evidence
  let exitCode: number

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    folder = await mkdtemp(join(tmpdir(), 'azl-evidence-'))
    file = join(folder, 'evidence.json')
    const argv = ['--folder', join(folder, 'asked'), '--out', file, '--tests', oneTest]
    exitCode = await main(argv, { ...simulator.env, TMPDIR: tmpdir() }, new Date(0))
    evidence = await readEvidence(file)
  }, timeout)
  afterAll(async () => {
    await simulator.stop()
    await rm(folder, { recursive: true })
  })

  test('every rule bites, and a refusal is told with all that tells it from others in any language', () => {
    expect(evidence.rules.filter(({ expected, seen }) => expected !== seen)).toEqual([])
    expect(evidence.rules.length).toBeGreaterThan(30)
    expect(evidence.host).toMatchObject({ build: 26100, languageMode: 'FullLanguage' })
    const refused = evidence.rules.find(({ rule }) => rule === 'missing-by-name')
    expect(refused?.error?.category).toBe('InvalidArgument')
    expect(refused?.error?.hresult).toMatch(/^0x[0-9A-F]{8}$/)
    expect(evidence.stray).toEqual([])
    expect(exitCode).toBe(0)
  })

  test('lists are asked for with the account’s rights and without them', () => {
    const { with: all, without } = evidence.lists
    expect(all).toMatchObject({ rights: { administrator: true } })
    expect(all.lists.map(({ list, seen }) => [list, seen])).toEqual([['Get-VM', '0'], ['Get-VMSwitch', '1'], ['Get-VMHost', '1']]) // prettier-ignore
    expect(without).toMatchObject({ rights: { administrator: false, hyperVAdministrators: false } })
    expect(without.lists.map(({ seen }) => seen)).toEqual(['0', '0', '0'])
  })

  test('each kind of boot has its events with their XML, and what the pipe and the probe were like', () => {
    const outcomes = evidence.boots.map(({ kind, events }) => [kind, events.map(({ id }) => id)])
    expect(outcomes).toEqual([['booted', [18500, 18601]], ['denied', [18500, 18604]], ['failed', [18500, 18603]], ['nothing', [18500, 18605]]]) // prettier-ignore
    expect(evidence.boots.map(({ kind }) => kind)).toEqual([...bootKinds])
    const [booted, denied] = evidence.boots
    expect(booted?.events[1]?.xml).toContain('<EventID>18601</EventID>')
    expect(booted?.pipe.changes.map(({ is }) => is)).toEqual(expect.arrayContaining(['absent', 'connected', 'closed']))
    expect(booted?.pipe).toMatchObject({ firstSequence: 0, firstByteMs: expect.any(Number) as number })
    expect(denied?.pipe).toMatchObject({ bytes: 0, firstSequence: null })
    expect(evidence.times.map(({ time }) => time)).toEqual(['merge', 'lock'])
    expect(evidence.times.filter(({ ms }) => ms < 0)).toEqual([])
  })

  test('the contract suite ran there, by Hyper-V’s own cmdlets, and nothing is left', async () => {
    expect(evidence.contract.skipped).toBeUndefined()
    expect(evidence.contract.tests).toMatchObject([
      { state: 'passed', name: expect.stringContaining(oneTest) as string },
    ])
    const left = await simulator.run('@(Hyper-V\\Get-VM).Length; @(Hyper-V\\Get-VMSwitch).Length')
    expect(left.stdout).toBe('0\n1')
  })

  test(
    'taken in, another host’s evidence is what the simulator plays, and what its rules expect',
    async () => {
      const target = { simulator: join(folder, 'simulator'), rules: join(folder, 'rules.json'), observations: folder }
      await mkdir(target.simulator)
      for (const name of ['defaults.json', 'errors.json', 'events.json'])
        await copyFile(join(repositoryRoot, 'test', 'simulators', 'hyperv', name), join(target.simulator, name))
      await copyFile(inThisFolder('rules.json'), target.rules)
      const other = join(folder, 'other.json')
      await writeFile(other, JSON.stringify(asOnAnotherHost(evidence)))
      const { changed, open, kept } = await accept(other, target)
      expect(changed).toEqual(['new-stop-action', 'missing-by-name'])
      expect(open).toEqual(['new-folder'])
      expect(await readEvidence(kept)).toEqual(await readEvidence(other))

      await simulator.playFixtures(target.simulator)
      const { stdout } = await simulator.run(String.raw`
      $vm = Hyper-V\New-VM -Name one -Generation 2 -NoVHD
      [string]$vm.AutomaticStopAction
      try { Hyper-V\Get-VM -Name two -ErrorAction Stop } catch { $_.FullyQualifiedErrorId; $_.Exception.Message; '0x' + $_.Exception.HResult.ToString('X8') }
      foreach ($adapter in @($vm.NetworkAdapters)) { Hyper-V\Remove-VMNetworkAdapter -VMNetworkAdapter $adapter }
      Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot Off
      Hyper-V\Start-VM -VM $vm
      while ($true) {
          try { $events = @(Get-WinEvent -FilterHashtable @{ LogName = 'Elsewhere'; StartTime = [datetime]::MinValue } -ErrorAction Stop); break }
          catch { [System.Threading.Thread]::Sleep(200) }
      }
      $events[0].Id
      $events[0].ToXml()
      Hyper-V\Stop-VM -VM $vm -TurnOff -Force
      Hyper-V\Remove-VM -VM $vm -Force`)
      const lines = stdout.split('\n')
      expect(lines.slice(0, 5)).toEqual([
        'ShutDown',
        'ObjectNotFound,Microsoft.HyperV.PowerShell.Commands.GetVM',
        'There is no "two" here.',
        '0x80070490',
        '18699',
      ])
      expect(lines[5]).toMatch(/^<Event>one [0-9A-F-]{36}<\/Event>$/)
      const again = JSON.parse(await readFile(target.rules, 'utf8')) as { rules: { id: string; expected: string }[] }
      expect(again.rules.find(({ id }) => id === 'new-stop-action')?.expected).toBe('ShutDown')
    },
    timeout,
  )

  test('what was asked left no file behind', async () => {
    expect(await readdir(folder)).not.toContain('asked')
  })
})

/** The same, but for one default, one refusal, one event, and one rule that no data file holds. */
function asOnAnotherHost(evidence: Evidence): Evidence {
  return {
    ...evidence,
    host: { ...evidence.host, culture: 'en-US' },
    rules: evidence.rules.map((each) => {
      if (each.rule === 'new-stop-action') return { ...each, seen: 'ShutDown' }
      if (each.rule === 'new-folder') return { ...each, seen: 'False' }
      if (each.rule !== 'missing-by-name' || !each.error) return each
      const message = `There is no "${each.facts?.[0] ?? ''}" here.`
      const errorId = 'ObjectNotFound,Microsoft.HyperV.PowerShell.Commands.GetVM'
      return { ...each, seen: 'ObjectNotFound', error: { ...each.error, message, errorId, hresult: '0x80070490' } }
    }),
    boots: evidence.boots.map((boot) => {
      if (boot.kind !== 'nothing') return boot
      const event = { id: 18699, provider: 'p', log: 'Elsewhere', level: 2, message: `${boot.name} has nothing` }
      return { ...boot, events: [{ ...event, xml: `<Event>${boot.name} ${boot.id}</Event>` }] }
    }),
  }
}
