/** libvirt-ts against virsh: what `virsh list`, `dominfo` and `dumpxml` ask, and many calls at once. */
import { spawn } from 'node:child_process'
import { connect, type Connection } from 'libvirt-ts'
import { finished, load, median, medianRatio, timed } from './measure.ts'
import { times, type Row } from './report.ts'
import type { World } from './world.ts'

const name = 'bench-calls'
const domainXml = `<domain type='qemu'><name>${name}</name><memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`

interface Question {
  readonly virsh: string
  /** How many calls of libvirt it is: ours, virsh's (9.0, by its debug log). */
  readonly calls: string
  /** The same with libvirt-ts, one call after the other, as virsh asks. */
  ask(connection: Connection): Promise<unknown>
}

const questions: readonly Question[] = [
  {
    virsh: 'list --all',
    calls: 'one call, and one for each machine',
    async ask(connection) {
      for (const domain of await connection.listDomains()) await domain.state()
    },
  },
  {
    virsh: `dominfo ${name}`,
    calls: 'seven calls against nine',
    async ask(connection) {
      const domain = await connection.lookupDomain(name)
      await domain.state()
      await domain.vcpus({ maximum: true })
      await domain.maxMemoryBytes()
      await domain.isPersistent()
      await domain.autostart()
      await domain.hasManagedSave()
    },
  },
  {
    virsh: `dumpxml ${name}`,
    calls: 'two calls',
    async ask(connection) {
      await (await connection.lookupDomain(name)).xml()
    },
  },
]

const questionsPerRound = 200
const freshPerRound = 5
const concurrentCalls = 100

export async function measureCalls(world: World, rounds: number): Promise<readonly Row[]> {
  const domain = await world.connection.defineDomain(domainXml)
  try {
    const rows: Row[] = []
    for (const question of questions) rows.push(...(await rowsOf(world, question, rounds)))
    return [...rows, await concurrentRow(world, rounds)]
  } finally {
    await domain.undefine()
  }
}

async function rowsOf(world: World, question: Question, rounds: number): Promise<readonly Row[]> {
  const [open, shell, fresh, process] = [[] as number[], [] as number[], [] as number[], [] as number[]]
  // The first of each does not count: code that runs for the first time, on both sides.
  for (let round = -1; round < rounds; round++) {
    const spent = {
      open: await millisecondsEach(questionsPerRound, () => question.ask(world.connection)),
      shell: await inShell(world, question.virsh),
      fresh: await millisecondsEach(freshPerRound, () => onFresh(world, question)),
      process: await millisecondsEach(freshPerRound, async () => {
        await timed(virshOf(world, ...question.virsh.split(' ')))
      }),
    }
    if (round < 0) continue
    open.push(spent.open)
    shell.push(spent.shell)
    fresh.push(spent.fresh)
    process.push(spent.process)
  }
  const [verb] = question.virsh.split(' ')
  return [
    {
      what: `${verb ?? ''}: on an open connection / in one virsh`,
      value: times(medianRatio(open, shell)),
      detail: `${each(open)} against ${each(shell)}; ${question.calls}; ${String(questionsPerRound)} of each in each of ${told(rounds)}`,
    },
    {
      what: `${verb ?? ''}: on a fresh connection / a virsh process`,
      value: times(medianRatio(fresh, process)),
      detail: `${each(fresh)} in a running Node against ${each(process)}; ${question.calls}; ${String(freshPerRound)} of each in each of ${told(rounds)}`,
    },
  ]
}

async function onFresh(world: World, question: Question): Promise<void> {
  const connection = await connect(world.daemon.uri)
  try {
    await question.ask(connection)
  } finally {
    await connection.close()
  }
}

/** Milliseconds for one of many commands that one virsh reads from its input, without its start and its connection. */
async function inShell(world: World, command: string): Promise<number> {
  const many = await shellMs(world, command, questionsPerRound + 1)
  return (many - (await shellMs(world, command, 1))) / questionsPerRound
}

async function shellMs(world: World, command: string, count: number): Promise<number> {
  const [file = '', ...argv] = virshOf(world)
  const startedAtMs = performance.now()
  const child = spawn(file, argv, { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.end(`${command}\n`.repeat(count))
  const end = await finished(child)
  // In its shell virsh ends with 0 whatever the commands said.
  if (end.exitCode !== 0 || end.stderr.includes('error:')) throw new Error(`virsh: ${command}: ${end.stderr}`)
  return end.exitedAtMs - startedAtMs
}

function virshOf(world: World, ...argv: readonly string[]): readonly string[] {
  return ['virsh', '-q', '-c', world.daemon.uri, ...argv]
}

async function concurrentRow(world: World, rounds: number): Promise<Row> {
  const domain = await world.connection.lookupDomain(name)
  const [together, inTurn] = [[] as number[], [] as number[]]
  for (let round = -1; round < rounds; round++) {
    const startedAtMs = performance.now()
    await Promise.all(Array.from({ length: concurrentCalls }, () => domain.xml()))
    const togetherMs = performance.now() - startedAtMs
    const inTurnMs = concurrentCalls * (await millisecondsEach(concurrentCalls, () => domain.xml()))
    if (round < 0) continue
    together.push(togetherMs)
    inTurn.push(inTurnMs)
  }
  return {
    what: `${String(concurrentCalls)} calls at once on one connection / one after another`,
    value: times(medianRatio(together, inTurn)),
    detail: `${median(together).toFixed(1)} ms against ${median(inTurn).toFixed(1)} ms for the XML of a machine; ${told(rounds)}`,
  }
}

async function millisecondsEach(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  for (let index = 0; index < count; index++) await work()
  return (performance.now() - startedAtMs) / count
}

function each(values: readonly number[]): string {
  return `${median(values).toFixed(2)} ms`
}

function told(rounds: number): string {
  return `${String(rounds)} rounds, load ${load().toFixed(1)}`
}
