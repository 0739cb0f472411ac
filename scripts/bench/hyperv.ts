/** `up` on the simulated Hyper-V against one script by hand with the same cmdlets; what `up` asks Hyper-V, counted. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildProbeIso } from '../../src/media/probe-iso.ts'
import { callsOfUp, countCalls, countedSpec, takeCallTrace, type CallTrace } from '../../test/support/hyperv-calls.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../test/support/hyperv-simulator.ts'
import { finished, inTurn, load, median, medianRatio } from './measure.ts'
import { seconds, times, type Part, type Row } from './report.ts'

const title = 'Hyper-V, simulated'

interface Run {
  /** From the start of the command, azl-vm's or PowerShell's, to the end of Start-VM. Milliseconds. */
  readonly wholeMs: number
  /** From the start of the PowerShell process. */
  readonly powershellMs: number
  /** In the cmdlets until then, Start-VM included. */
  readonly cmdletsMs: number
  readonly trace: CallTrace
}

export async function measureHyperV(root: string, folder: string, rounds: number): Promise<Part> {
  const missing = await missingForSimulator()
  if (missing !== undefined) return { title, rows: [], skipped: missing }
  const simulator = await startHyperVSimulator({ traceCalls: true })
  try {
    const byHand = await handScript(root, folder, simulator)
    const byTool = await toolRun(root, folder, simulator)
    const { ours, theirs } = await inTurn(rounds, byTool, byHand)
    const last = ours.at(-1)?.trace ?? { processes: [], calls: [] }
    return { title, rows: [...timeRows(ours, theirs), ...countRows(last)] }
  } finally {
    await simulator.stop()
  }
}

function timeRows(ours: readonly Run[], theirs: readonly Run[]): readonly Row[] {
  const row = (what: string, key: 'wholeMs' | 'powershellMs', rest: Pick<Row, 'goal'>, note: string): Row => {
    const [own, their] = [ours.map((run) => run[key]), theirs.map((run) => run[key])]
    const ratio = medianRatio(own, their)
    const inCmdlets = `of these ${seconds(median(ours.map((run) => run.cmdletsMs)))} and ${seconds(median(theirs.map((run) => run.cmdletsMs)))} in cmdlets`
    const detail = `${seconds(median(own))} against ${seconds(median(their))}, ${inCmdlets}; ${note}; ${String(ours.length)} rounds, load ${load().toFixed(1)}`
    return { what, value: times(ratio), ...rest, ...(rest.goal === undefined ? {} : { isMet: ratio <= 1.2 }), detail }
  }
  return [
    row(
      'the adapter / one script by hand, from the start of PowerShell to the end of Start-VM',
      'powershellMs',
      { goal: 'at most 1.2x' },
      'the same cmdlets that change something; ours also looks, asks and journals, and begins a recorder',
    ),
    row(
      'azl-vm up / the same script, from the start of the command to the end of Start-VM',
      'wholeMs',
      {},
      'with Node’s start',
    ),
  ]
}

function countRows(trace: CallTrace): readonly Row[] {
  const counts = countCalls(trace)
  const expected = callsOfUp.map(({ call }) => call)
  const more = Object.keys(counts).filter((cmdlet) => !expected.includes(cmdlet))
  const scripts = trace.processes.map(({ what }) => what)
  return [
    {
      what: 'PowerShell processes of one up',
      value: String(scripts.length),
      goal: 'one',
      isMet: scripts.length === 1,
      detail: scripts.join(', '),
    },
    {
      what: 'calls of one up',
      value: String(Object.values(counts).reduce((sum, count) => sum + count, 0)),
      detail: 'those below',
    },
    ...callsOfUp.map(({ call, why }) => ({ what: call, value: String(counts[call] ?? 0), detail: why })),
    ...more.map((cmdlet) => ({ what: cmdlet, value: String(counts[cmdlet] ?? 0), detail: 'not on the list' })),
  ]
}

function runOf(trace: CallTrace, startedAtMs: number): Run {
  const start = trace.calls.find(({ what }) => what === 'Start-VM')
  const [powershell] = trace.processes
  if (!start || !powershell) throw new Error('the trace has no Start-VM')
  const before = trace.calls.slice(0, trace.calls.indexOf(start) + 1)
  return {
    wholeMs: start.endedMs - startedAtMs,
    powershellMs: start.endedMs - powershell.beganMs,
    cmdletsMs: before.reduce((sum, { beganMs, endedMs }) => sum + endedMs - beganMs, 0),
    trace,
  }
}

type Measure = () => Promise<Run>

async function toolRun(root: string, folder: string, simulator: HyperVSimulator): Promise<Measure> {
  const home = join(folder, 'home')
  await mkdir(home, { recursive: true })
  const spec = join(home, 'bench-up.yaml')
  await writeFile(spec, countedSpec('bench-up'))
  const tool = async (...argv: readonly string[]): Promise<number> => {
    const startedAtMs = Date.now()
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...argv], {
      env: { ...simulator.env, HOME: home, AZL_VM_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { exitCode, stderr } = await finished(child)
    if (exitCode !== 0) throw new Error(`azl-vm ${argv.join(' ')}: exit code ${String(exitCode)}\n${stderr}`)
    return startedAtMs
  }
  return async () => {
    const startedAtMs = await tool('up', spec)
    const run = runOf(await takeCallTrace(simulator), startedAtMs)
    await tool('destroy', 'bench-up')
    await takeCallTrace(simulator)
    return run
  }
}

async function handScript(root: string, folder: string, simulator: HyperVSimulator): Promise<Measure> {
  const script = await readFile(join(root, 'scripts', 'bench', 'hyperv-by-hand.ps1'), 'utf8')
  const binary = await readFile(join(root, 'packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
  const iso = join(folder, 'by-hand.iso')
  await writeFile(iso, buildProbeIso({ arch: 'x86_64', then: 'wait', binary }))
  const powershell = async (text: string, ...words: readonly string[]): Promise<number> => {
    const startedAtMs = Date.now()
    const { exitCode, stderr } = await simulator.run(text, ...words)
    if (exitCode !== 0) throw new Error(stderr)
    return startedAtMs
  }
  return async () => {
    const startedAtMs = await powershell(script, 'bench-by-hand', iso)
    const run = runOf(await takeCallTrace(simulator), startedAtMs)
    await powershell(removeByHand)
    await takeCallTrace(simulator)
    return run
  }
}

const removeByHand = String.raw`
$vm = Hyper-V\Get-VM -Name 'bench-by-hand'
Hyper-V\Stop-VM -VM $vm -TurnOff -Force
Hyper-V\Remove-VM -VM $vm -Force
[System.IO.Directory]::Delete($vm.Path, $true)
`
