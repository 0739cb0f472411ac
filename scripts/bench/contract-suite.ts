/** How long the contract suite takes, once: of all tests it boots the most machines. */
import { spawn } from 'node:child_process'
import { finished, load } from './measure.ts'
import { seconds, type Part } from './report.ts'

export async function measureContractSuite(root: string): Promise<Part> {
  const startedAtMs = performance.now()
  const child = spawn('npx', ['vitest', 'run', '--project', 'contract', '--reporter', 'json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = await finished(child)
  if (end.exitCode !== 0) throw new Error(`the contract suite: exit code ${String(end.exitCode)}\n${tail(end.stdout)}`)
  const report = JSON.parse(end.stdout) as SuiteReport
  const files = report.testResults.map(({ name, startTime, endTime }) => {
    return `${name.slice(name.lastIndexOf('/') + 1)} ${seconds(endTime - startTime)}`
  })
  const skipped = report.numTotalTests - report.numPassedTests
  return {
    title: 'The contract suite',
    rows: [
      {
        what: 'all providers, from the start of vitest to its end',
        value: seconds(end.exitedAtMs - startedAtMs),
        detail: `${String(report.numPassedTests)} rules passed, ${String(skipped)} skipped; ${files.join(', ')}; one run, load ${load().toFixed(1)}`,
      },
    ],
  }
}

/** What vitest's JSON reporter prints, of it what is read here. */
interface SuiteReport {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[]
}

function tail(text: string): string {
  return text.slice(-4000)
}
