/** `azl-vm providers`: how soon a hypervisor that is not here is said to be so, and how soon one answers that is. */
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { missingForLab, startLabHosts } from '../../test/support/lab-hosts.ts'
import { finished, load, median } from './measure.ts'
import { traceProgramsIn } from './program-trace.ts'
import { seconds, type Part, type Row } from './report.ts'

const title = 'azl-vm providers'

/** What `providers --output json` says, as far as it is read here. */
interface Answer {
  readonly providers: readonly {
    readonly provider: string
    readonly isReady: boolean
    readonly findings: readonly { readonly level: string; readonly message: string }[]
    readonly elapsedMs: number
  }[]
  readonly notHere: readonly { readonly name: string; readonly why: string }[]
}

type Ask = () => Promise<Answer>

export async function measureProviders(root: string, folder: string, rounds: number): Promise<Part> {
  const command = [process.execPath, join(root, 'dist', 'cli.js'), 'providers', '--output', 'json']
  const nothing = join(folder, 'nothing')
  await mkdir(nothing)
  const absent = await asked(rounds, () => answer(command, { PATH: nothing, HOME: nothing, AZL_VM_HOME: nothing }))
  const rows = [...absent[0].providers.map((_, at) => absentRow(absent, at)), ...absent[0].notHere.map(notAskedRow)]
  const missing = await missingForLab()
  if (missing !== undefined) return { title, rows, skipped: `with all four here: ${missing}` }
  return { title, rows: [...rows, ...(await presentRows(command, folder, rounds))] }
}

/** The first fills caches and does not count. */
async function asked(rounds: number, ask: Ask): Promise<readonly [Answer, ...Answer[]]> {
  await ask()
  const answers: [Answer, ...Answer[]] = [await ask()]
  while (answers.length < rounds) answers.push(await ask())
  return answers
}

async function answer(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Answer> {
  const [file = '', ...args] = command
  const { exitCode, stdout, stderr } = await finished(spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
  if (exitCode !== 0) throw new Error(`azl-vm providers: exit code ${String(exitCode)}\n${stderr}`)
  return JSON.parse(stdout) as Answer
}

function elapsed(answers: readonly Answer[], at: number): readonly number[] {
  return answers.map(({ providers }) => providers[at]?.elapsedMs ?? Number.NaN)
}

function absentRow(answers: readonly [Answer, ...Answer[]], at: number): Row {
  const asked = answers[0].providers[at]
  const what = `${asked?.provider ?? ''}, not here`
  if (asked?.isReady === true) return { what, value: 'not measured', detail: 'it is on this machine' }
  const times = elapsed(answers, at)
  const worst = Math.max(...times)
  return {
    what,
    value: seconds(median(times)),
    goal: 'under 0.1 s',
    isMet: median(times) < 100,
    detail:
      `as \`providers\` prints it: its code loaded, and all asked at once; worst ${seconds(worst)}, ` +
      `${String(times.length)} rounds, load ${load().toFixed(1)}`,
  }
}

function notAskedRow({ name, why }: Answer['notHere'][number]): Row {
  return { what: `${name}, not here`, value: 'not asked', detail: why }
}

async function presentRows(command: readonly string[], folder: string, rounds: number): Promise<readonly Row[]> {
  const hosts = await startLabHosts(join(folder, 'home'))
  try {
    const trace = await traceProgramsIn(folder, ['VBoxManage', 'vmrun', 'vmware'], hosts.env)
    const env = { ...trace.env, AZL_VM_HOME: join(folder, 'of-present') }
    const answers = await asked(rounds, async () => {
      await trace.take()
      return await answer([...hosts.by, ...command], env)
    })
    const calls = (await trace.take()).map(({ program, words }) => [program, ...words].join(' '))
    const notReady = answers[0].providers.filter(({ isReady }) => !isReady).map(({ provider }) => provider)
    if (notReady.length > 0) throw new Error(`not ready on the host of the bench: ${notReady.join(', ')}`)
    return answers[0].providers.map(({ provider }, at) => ({
      what: `${provider}, here, all four at once`,
      value: seconds(median(elapsed(answers, at))),
      detail: [questions(provider, calls), `${String(answers.length)} rounds, load ${load().toFixed(1)}`].join('; '),
    }))
  } finally {
    await hosts.stop()
  }
}

/** The processes of programs that are traced. */
function questions(provider: string, calls: readonly string[]): string {
  const programs: Readonly<Record<string, RegExp>> = { virtualbox: /^VBoxManage/, vmware: /^vm/ }
  const pattern = programs[provider]
  if (!pattern) return provider === 'kvm' ? 'over one connection' : 'one PowerShell, simulated'
  const own = calls.filter((call) => pattern.test(call))
  return own.length === 0 ? 'no process' : own.join(', ')
}
