import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseOptions, projectsInOrder, readRecords, testRun } from '../../../scripts/host-setup/test-run.mjs'
import {
  closingLine,
  skippedLines,
  slowestLines,
  summaryLines,
  totals,
  verdictFaults,
} from '../../../scripts/host-setup/test-summary.mjs'
import { fakeHost } from './fake-host.ts'

type State = 'passed' | 'failed' | 'skipped'
const record = (name: string, state: State, durationMs = 0, note?: string) => ({
  project: 'unit',
  file: 'a.test.ts',
  name,
  state,
  durationMs,
  ...(note === undefined ? {} : { note }),
})
const stage = (tests: ReturnType<typeof record>[], faults: string[] = []) => ({
  name: 'unit',
  seconds: 1,
  tests,
  faults,
})

describe('parseOptions', () => {
  it('begins with the check', () => {
    expect(parseOptions([])).toEqual({ setup: true, check: true, projects: [], rest: [] })
  })

  it('leaves the check out where a part is asked for', () => {
    expect(parseOptions(['--project', 'unit', '--project=e2e', '--no-setup', '-t', 'x'])).toEqual({
      setup: false,
      check: false,
      projects: ['unit', 'e2e'],
      rest: ['-t', 'x'],
    })
  })
})

describe('projectsInOrder', () => {
  it('has the cheap ones first and forgets none', () => {
    const files = ['e2e', 'bench', 'unit', 'contract', 'unit'].map((project) => ({ project, file: '' }))
    expect(projectsInOrder(files)).toEqual(['unit', 'contract', 'e2e', 'bench'])
  })
})

describe('readRecords', () => {
  const text = (tests: object[], unhandledErrors = 0) => JSON.stringify({ tests, unhandledErrors })

  it('counts a run without a result as a failure', () => {
    expect(readRecords(undefined, 'unit', 0).faults).toHaveLength(1)
  })

  it('counts an exit code that no test explains', () => {
    expect(readRecords(text([record('a', 'passed')]), 'unit', 1).faults).toEqual([
      'unit: vitest ended with exit code 1',
    ])
    expect(readRecords(text([record('a', 'failed')]), 'unit', 1).faults).toEqual([])
  })

  it('counts unhandled errors', () => {
    expect(readRecords(text([record('a', 'passed')], 2), 'unit', 1).faults).toEqual(['unit: 2 unhandled errors'])
  })
})

describe('the summary', () => {
  it('sums over all steps, faults too', () => {
    const stages = [stage([record('a', 'passed'), record('b', 'skipped')]), stage([record('c', 'failed')], ['check'])]
    expect(closingLine(totals(stages))).toBe('1 passed, 2 failed, 1 skipped')
  })

  it('has the slowest ten', () => {
    const tests = Array.from({ length: 12 }, (_, at) => record(`t${at}`, 'passed', at * 1000))
    expect(slowestLines(tests)).toHaveLength(10)
    expect(slowestLines(tests)[0]).toBe('    11.00 s  [unit] a.test.ts > t11')
  })

  it('has each reason once, with its tests', () => {
    const tests = [record('a', 'skipped', 0, 'no KVM'), record('b', 'skipped', 0, 'no KVM'), record('c', 'passed')]
    expect(skippedLines(tests)).toEqual(['  no KVM', '    [unit] a.test.ts > a', '    [unit] a.test.ts > b'])
  })

  it('has a file of which nothing runs in one line', () => {
    const tests = ['a', 'b', 'c'].map((name) => record(name, 'skipped', 0, 'not Windows'))
    expect(skippedLines(tests)).toEqual(['  not Windows', '    [unit] a.test.ts, all 3 tests'])
  })

  it('says of what failed why', () => {
    const failed = { ...record('a', 'failed'), errors: ['expected 1 to be 2\nat a.test.ts:7'] }
    expect(summaryLines([stage([failed])])).toEqual(
      expect.arrayContaining(['  [unit] a.test.ts > a', '      expected 1 to be 2', '      at a.test.ts:7']),
    )
  })

  it('names what failed', () => {
    expect(summaryLines([stage([record('a', 'failed')], ['npm run check'])]).join('\n')).toMatch(
      /Failed:\n.*> a\n.*npm run check/,
    )
  })
})

describe('verdictFaults', () => {
  it('does not call a run of nothing a success', () => {
    expect(verdictFaults([stage([record('a', 'skipped', 0, 'why')])], false)).toEqual(['no test ran'])
  })

  it('wants a reason for each skip in CI', () => {
    const stages = [stage([record('a', 'passed'), record('b', 'skipped')])]
    expect(verdictFaults(stages, false)).toEqual([])
    expect(verdictFaults(stages, true)).toEqual(['skipped in CI without a reason: [unit] a.test.ts > b'])
  })
})

describe('testRun', () => {
  const listing = (...projects: string[]) => {
    const list = projects.map((projectName) => ({ file: `/r/test/${projectName}/a.test.ts`, projectName }))
    return (line: string) => (line.includes(' list ') ? { stdout: JSON.stringify(list) } : undefined)
  }
  const emptyFolder = () => mkdtempSync(join(tmpdir(), 'azl-test-run-'))

  it.each([
    ['beside the contract suite', ['unit', 'contract', 'e2e'], '--project contract'],
    ['else beside what comes first', ['unit', 'e2e'], '--project unit'],
    ['or alone', [], ' list '],
  ])('checks once, %s', async (_title, projects, before) => {
    const { host, ran } = fakeHost({ answer: listing(...projects) })
    await testRun(host, emptyFolder(), parseOptions(['--no-setup']))
    const checks = ran.flatMap((line, at) => (line.includes('run check') ? [at] : []))
    expect(checks).toHaveLength(1)
    expect(ran[checks[0]! - 1]).toContain(before)
  })

  it('counts a check that fails, and prints what it said, at the end once more', async () => {
    const { host, said, printed } = fakeHost({
      answer: (line) => (line.includes('run check') ? { code: 1, stdout: 'FAILED  types' } : listing()(line)),
    })
    expect(await testRun(host, emptyFolder(), parseOptions(['--no-setup']))).toBe(1)
    expect(said.join('')).toContain('FAILED  types')
    expect(printed.join('')).toContain('npm run check (exit code 1)\n    FAILED  types')
  })

  it('elsewhere than on Linux skips what needs a hypervisor, with the reason', async () => {
    const { host, ran, printed } = fakeHost({ platform: 'darwin', answer: listing('e2e', 'unit') })
    await testRun(host, emptyFolder(), parseOptions(['--no-setup']))
    expect(ran.some((line) => line.includes('run --project unit'))).toBe(true)
    expect(ran.some((line) => line.includes('run --project e2e'))).toBe(false)
    expect(printed.join('')).toMatch(/needs libvirt and QEMU on Linux; this is macOS[^]*, 1 skipped\n$/)
  })
})
