/**
 * `up` on VirtualBox and on VMware, whose adapters call programs: against one script by hand that makes the same machine
 * with the same programs, from the start of the command to the end of the call that starts the machine.
 */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildProbeIso } from '../../src/media/probe-iso.ts'
import { missingForVirtualBox } from '../../test/support/virtualbox-manage.ts'
import { playVirtualBox } from '../../test/support/virtualbox-standin.ts'
import { missingForPlayedVmware, startVmwareStandIn } from '../../test/support/vmware-stand-in.ts'
import { finished, inTurn, load, median, medianRatio } from './measure.ts'
import { traceProgramsIn, type ProgramTrace, type TracedCall } from './program-trace.ts'
import { seconds, times, type Part } from './report.ts'
import { nodeAloneMs } from './start-up.ts'

interface Host {
  readonly env: NodeJS.ProcessEnv
  /** The program and words by which a process is run that is to see this hypervisor. */
  readonly by?: readonly string[]
  stop(): Promise<void>
}

interface Hypervisor {
  readonly provider: string
  readonly title: string
  readonly programs: readonly string[]
  /** Beside this file; its words: the machine's name, the ISO, a folder for the machine or its serial port. */
  readonly script: string
  /** Of several the last one: a start may be refused before. */
  readonly isStart: (call: TracedCall) => boolean
  readonly missing: () => Promise<string | undefined>
  readonly begin: () => Promise<Host>
  /** Removes what the script made; its words: the machine's name, the folder for its serial port. */
  readonly removeByHand: string
}

const virtualBox: Hypervisor = {
  provider: 'virtualbox',
  title: 'VirtualBox: its real VBoxManage; running, played',
  programs: ['VBoxManage', 'VBoxHeadless'],
  script: 'virtualbox-by-hand.sh',
  isStart: ({ words }) => words[0] === 'startvm' || (words[0] === 'controlvm' && words[2] === 'resume'),
  missing: () => Promise.resolve(missingForVirtualBox()),
  begin: () => playVirtualBox(),
  removeByHand: `
    id=$(cat "$2/$1.id")
    VBoxManage controlvm "$id" poweroff
    until VBoxManage showvminfo "$id" --machinereadable | grep -q '^VMState="poweroff"'; do sleep 0.1; done
    until VBoxManage unregistervm "$id" --delete; do sleep 0.1; done`,
}

const vmware: Hypervisor = {
  provider: 'vmware',
  title: 'VMware, its tools played',
  programs: ['vmrun', 'vmware-vdiskmanager', 'vmware'],
  script: 'vmware-by-hand.sh',
  isStart: ({ words }) => words.includes('start'),
  missing: missingForPlayedVmware,
  begin: async () => {
    const standIn = await startVmwareStandIn()
    const { PATH, HOME, AZL_VMWARE_SIM } = standIn.env
    return { env: { PATH, HOME, AZL_VMWARE_SIM }, by: standIn.by, stop: () => standIn.stop() }
  },
  removeByHand: 'vmrun -T ws stop "$HOME/vmware/$1/$1.vmx" hard; rm -r "$HOME/vmware/$1"',
}

interface Run {
  /** From the start of the command to the end of the call that starts the machine. */
  readonly wholeMs: number
  /** Until then, while at least one of the programs ran. */
  readonly inProgramsMs: number
  readonly calls: readonly TracedCall[]
}

interface ToolRun extends Run {
  /** `node -e 0`, right afterwards. */
  readonly nodeMs: number
}

interface Places {
  readonly root: string
  readonly folder: string
}

export const measureVirtualBox: Measure = (places, rounds) => measure(virtualBox, places, rounds)

export const measureVmware: Measure = (places, rounds) => measure(vmware, places, rounds)

type Measure = (places: Places, rounds: number) => Promise<Part>

async function measure(hypervisor: Hypervisor, places: Places, rounds: number): Promise<Part> {
  const { title } = hypervisor
  const missing = await hypervisor.missing()
  if (missing !== undefined) return { title, rows: [], skipped: missing }
  const host = await hypervisor.begin()
  try {
    const trace = await traceProgramsIn(places.folder, hypervisor.programs, host.env)
    const byTool = await toolRun(hypervisor, places, host, trace)
    const byHand = await handRun(hypervisor, places, host, trace)
    const { ours, theirs } = await inTurn(rounds, byTool, byHand)
    return { title, rows: [...timeRows(ours, theirs), callsRow(ours, theirs)] }
  } finally {
    await host.stop()
  }
}

function timeRows(ours: readonly ToolRun[], theirs: readonly Run[]): Part['rows'] {
  const [wholes, hands] = [ours.map(({ wholeMs }) => wholeMs), theirs.map(({ wholeMs }) => wholeMs)]
  const inPrograms = (runs: readonly Run[]): string => seconds(median(runs.map((run) => run.inProgramsMs)))
  const nodes = seconds(median(ours.map(({ nodeMs }) => nodeMs)))
  const ratio = medianRatio(wholes, hands)
  const withoutNode = ours.map(({ wholeMs, nodeMs }) => wholeMs - nodeMs)
  const own = ours.map(({ inProgramsMs }, round) => (withoutNode[round] ?? Number.NaN) - inProgramsMs)
  const handsOwn = theirs.map(({ wholeMs, inProgramsMs }) => wholeMs - inProgramsMs)
  return [
    {
      what: 'azl-vm up / one script by hand, from the start of the command to the end of the machine’s start',
      value: times(ratio),
      goal: 'at most 1.2x',
      isMet: ratio <= 1.2,
      detail:
        `${seconds(median(wholes))} (${inPrograms(ours)} of it while a program of the hypervisor runs) against ` +
        `${seconds(median(hands))} (${inPrograms(theirs)}); ${String(ours.length)} rounds, load ${load().toFixed(1)}`,
    },
    {
      what: 'the same less what node -e 0 takes',
      value: times(medianRatio(withoutNode, hands)),
      detail: `${seconds(median(withoutNode))} against ${seconds(median(hands))}; Node alone ${nodes}`,
    },
    {
      what: 'the tool’s own time in that: no program of the hypervisor runs, less node -e 0',
      value: seconds(median(own)),
      detail: `bash’s, in the script by hand: ${seconds(median(handsOwn))}`,
    },
  ]
}

function callsRow(ours: readonly Run[], theirs: readonly Run[]): Part['rows'][number] {
  const [own, their] = [ours.at(-1)?.calls ?? [], theirs.at(-1)?.calls ?? []]
  return {
    what: 'processes of the hypervisor’s programs until then, by hand in brackets',
    value: `${String(own.length)} (${String(their.length)})`,
    detail: own.map(({ program, words }) => [program, ...words.slice(0, 2)].join(' ')).join(', '),
  }
}

async function toolRun(
  hypervisor: Hypervisor,
  { root, folder }: Places,
  host: Host,
  trace: ProgramTrace,
): Promise<() => Promise<ToolRun>> {
  const home = join(folder, 'home')
  await mkdir(home)
  const spec = join(folder, 'bench-up.yaml')
  await writeFile(
    spec,
    JSON.stringify({
      version: 1,
      name: 'bench-up',
      provider: hypervisor.provider,
      source: { probe: { then: 'wait' } },
      machine: { cpus: 1, memory: '256MiB', disks: [{ size: '64MiB' }] },
    }),
  )
  const tool = (...argv: readonly string[]): Promise<number> =>
    run(host, { ...trace.env, AZL_VM_HOME: home }, [process.execPath, join(root, 'dist', 'cli.js'), ...argv])
  return async () => {
    const run = runOf(hypervisor, await tool('up', spec), await trace.take())
    await tool('destroy', 'bench-up')
    await trace.take()
    return { ...run, nodeMs: await nodeAloneMs() }
  }
}

async function handRun(
  hypervisor: Hypervisor,
  { root, folder }: Places,
  host: Host,
  trace: ProgramTrace,
): Promise<() => Promise<Run>> {
  const iso = join(folder, 'by-hand.iso')
  const binary = await readFile(join(root, 'packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
  await writeFile(iso, buildProbeIso({ arch: 'x86_64', then: 'wait', binary }))
  const name = 'bench-by-hand'
  const script = join(root, 'scripts', 'bench', hypervisor.script)
  return async () => {
    const startedAtMs = await run(host, trace.env, ['bash', script, name, iso, folder])
    const byHand = runOf(hypervisor, startedAtMs, await trace.take())
    await run(host, trace.env, ['bash', '-ec', hypervisor.removeByHand, 'bash', name, folder])
    await trace.take()
    return byHand
  }
}

/** Resolves with `Date.now()` of its start. */
async function run({ by = [] }: Host, env: NodeJS.ProcessEnv, words: readonly string[]): Promise<number> {
  const [file = '', ...args] = [...by, ...words]
  const startedAtMs = Date.now()
  const { exitCode, stdout, stderr } = await finished(spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
  if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit code ${String(exitCode)}\n${stdout}${stderr}`)
  return startedAtMs
}

function runOf({ isStart }: Hypervisor, startedAtMs: number, trace: readonly TracedCall[]): Run {
  const at = trace.findLastIndex(isStart)
  const start = trace[at]
  if (!start) throw new Error('the trace has no start of the machine')
  const calls = trace.slice(0, at + 1)
  return {
    wholeMs: start.endedMs - startedAtMs,
    inProgramsMs: coveredMs(calls),
    calls,
  }
}

/** How long at least one of them ran: some run side by side. */
function coveredMs(calls: readonly TracedCall[]): number {
  let [covered, until] = [0, -Infinity]
  for (const { beganMs, endedMs } of calls.toSorted((a, b) => a.beganMs - b.beganMs)) {
    covered += Math.max(0, endedMs - Math.max(beganMs, until))
    until = Math.max(until, endedMs)
  }
  return covered
}
