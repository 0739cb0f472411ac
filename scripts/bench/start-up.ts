/** `--version` and `--help` against Node itself. */
import { load, median, medianRatio, timed, type Spent } from './measure.ts'
import { seconds, times, type Part, type Row } from './report.ts'

const goals = { '--version': 1.5, '--help': 2 } as const

export async function measureStartUp(cli: string, rounds: number): Promise<Part> {
  const commands = {
    node: [process.execPath, '-e', '0'],
    '--version': [process.execPath, cli, '--version'],
    '--help': [process.execPath, cli, '--help'],
  } as const
  const spent = { node: [] as Spent[], '--version': [] as Spent[], '--help': [] as Spent[] }
  const names = ['node', '--version', '--help'] as const
  for (let round = 0; round < rounds; round++) for (const name of names) spent[name].push(await timed(commands[name]))
  const wall = (name: keyof typeof spent): number[] => spent[name].map((each) => each.wallMs)
  const cpu = (name: keyof typeof spent): number[] => spent[name].map((each) => each.cpuMs)
  const rowOf = (name: keyof typeof goals): Row => {
    const ratio = medianRatio(wall(name), wall('node'))
    const detail =
      `${seconds(median(wall(name)))} against ${seconds(median(wall('node')))}; processor time ` +
      `${times(medianRatio(cpu(name), cpu('node')))}; ${rounds} rounds, load ${load().toFixed(1)}`
    const goal = `at most ${goals[name]}x`
    return { what: `azl-vm ${name} / node -e 0`, value: times(ratio), goal, isMet: ratio <= goals[name], detail }
  }
  return { title: 'Start of the tool', rows: [rowOf('--version'), rowOf('--help')] }
}

/** What Node alone takes here, in milliseconds. */
export async function nodeAloneMs(): Promise<number> {
  return (await timed([process.execPath, '-e', '0'])).wallMs
}
