/** Times of processes and what is made of them. A busy machine is slow in waves: only runs side by side compare. */
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { loadavg } from 'node:os'
import { delimiter, join } from 'node:path'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** The median of what each round says, so that a wave of load hits both sides of a ratio. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
}

/** Both sides in turn, so that a wave of load hits both; a round before these fills caches and does not count. */
export async function inTurn<Our, Their>(
  rounds: number,
  our: () => Promise<Our>,
  their: () => Promise<Their>,
): Promise<{ readonly ours: readonly Our[]; readonly theirs: readonly Their[] }> {
  const [ours, theirs]: [Our[], Their[]] = [[], []]
  for (let round = -1; round < rounds; round++) {
    const [own, other] = [await our(), await their()]
    if (round < 0) continue
    ours.push(own)
    theirs.push(other)
  }
  return { ours, theirs }
}

/** The load of the last minute. */
export function load(): number {
  return loadavg()[0] ?? Number.NaN
}

export function isInstalled(tool: string): boolean {
  return findOnPath(tool, process.env['PATH']) !== undefined
}

export function findOnPath(tool: string, path = ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, tool))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

export interface Spent {
  readonly wallMs: number
  /** User and system time. */
  readonly cpuMs: number
}

/** Runs a command to its end. bash's `time` does the measuring, because Node does not tell what a child used. */
export async function timed(command: readonly string[]): Promise<Spent> {
  const script = 'TIMEFORMAT="@@ %R %U %S"; time "$@" >/dev/null 2>/dev/null'
  const ended = await finished(
    spawn('bash', ['-c', script, 'bash', ...command], { stdio: ['ignore', 'ignore', 'pipe'] }),
  )
  const [, real, user, system] = /@@ (\S+) (\S+) (\S+)/.exec(ended.stderr) ?? []
  if (ended.exitCode !== 0) throw new Error(`${command.join(' ')}: exit code ${String(ended.exitCode)}`)
  return { wallMs: Number(real) * 1000, cpuMs: (Number(user) + Number(system)) * 1000 }
}

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** `performance.now()` when the process was gone. */
  readonly exitedAtMs: number
}

export async function finished(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  let exitedAtMs = Number.NaN
  child.once('exit', () => (exitedAtMs = performance.now()))
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr, exitedAtMs })
    })
  })
}

/** Resolves, or rejects after a time that only a fault can take. */
export async function within<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: nothing after ${String(limitMs / 1000)} s`))
    }, limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
