/** `azl-vm ls` of a host with all four hypervisors and a machine on each, against `ls` of the slowest of them alone. */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { missingForLab, startLabHosts, type LabHosts } from '../../test/support/lab-hosts.ts'
import { finished, load, median, medianRatio } from './measure.ts'
import { seconds, times, type Part } from './report.ts'

const title = 'azl-vm ls, four hypervisors'

const providers = ['kvm', 'hyperv', 'virtualbox', 'vmware'] as const

export async function measureList(root: string, folder: string, rounds: number): Promise<Part> {
  const skipped = await missingForLab()
  if (skipped !== undefined) return { title, rows: [], skipped }
  const hosts = await startLabHosts(join(folder, 'home'))
  const tool = toolOn(hosts, root, folder)
  // `ls` looks where the machines of its own home are: one home has one on each hypervisor, the others on one alone.
  const homes = new Map<string, readonly string[]>([
    ['all', providers],
    ...providers.map((provider): [string, readonly string[]] => [provider, [provider]]),
  ])
  const machines = [...homes].flatMap(([home, on]) =>
    on.map((provider) => ({ home, provider, name: `${home}-${provider}` })),
  )
  try {
    for (const { home, provider, name } of machines) await tool(home, 'up', await spec(folder, provider, name))
    const taken = new Map([...homes.keys()].map((home) => [home, [] as number[]]))
    // The first of each fills caches and does not count.
    for (let round = -1; round < rounds; round++)
      for (const [home, times] of taken) {
        const ms = await tool(home, 'ls')
        if (round >= 0) times.push(ms)
      }
    return { title, rows: [row(taken)] }
  } finally {
    for (const { home, name } of machines) await tool(home, 'destroy', name).catch(() => undefined)
    await hosts.stop()
  }
}

function row(taken: ReadonlyMap<string, readonly number[]>): Part['rows'][number] {
  const all = taken.get('all') ?? []
  const alone = providers.map((provider) => taken.get(provider) ?? [])
  const slowest = all.map((_, round) => Math.max(...alone.map((each) => each[round] ?? Number.NaN)))
  return {
    what: 'ls of all four at once / ls of the slowest of them alone',
    value: times(medianRatio(all, slowest)),
    detail:
      `${seconds(median(all))} against ${seconds(median(slowest))}; ` +
      providers.map((provider, index) => `${provider} ${seconds(median(alone[index] ?? []))}`).join(', ') +
      `; ${String(all.length)} rounds, load ${load().toFixed(1)}`,
  }
}

async function spec(folder: string, provider: string, name: string): Promise<string> {
  const file = join(folder, `${name}.yaml`)
  const machine = { cpus: 1, memory: '256MiB', disks: [{ size: '64MiB' }] }
  await writeFile(
    file,
    JSON.stringify({ version: 1, name, provider, source: { probe: { then: 'poweroff' } }, machine }),
  )
  return file
}

type Tool = (home: string, ...argv: readonly string[]) => Promise<number>

/** Resolves with the milliseconds from its start to its end. */
function toolOn({ env, by }: LabHosts, root: string, folder: string): Tool {
  return async (home, ...argv) => {
    const [file, ...args] = by
    const startedAtMs = performance.now()
    const { exitCode, stderr, exitedAtMs } = await finished(
      spawn(file, [...args, process.execPath, join(root, 'dist', 'cli.js'), ...argv], {
        env: { ...env, AZL_VM_HOME: join(folder, `of-${home}`) },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    if (exitCode !== 0) throw new Error(`azl-vm ${argv.join(' ')}: exit code ${String(exitCode)}\n${stderr}`)
    return exitedAtMs - startedAtMs
  }
}
