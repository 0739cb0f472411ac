import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import type { TestModule } from 'vitest/node'
import SummaryReporter from '../../../scripts/host-setup/test-reporter.mjs'

afterEach(() => vi.unstubAllEnvs())

interface FakeTest {
  readonly fullName: string
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
  readonly note?: string
  readonly suiteErrors?: readonly FakeError[]
  readonly errors?: readonly FakeError[]
}

interface FakeError {
  readonly message: string
  readonly diff?: string
  readonly stacks?: readonly { readonly file: string; readonly line: number }[]
}

/** As much of vitest's module as the reporter looks at: each test in a suite of its own. */
function fakeModule(tests: readonly FakeTest[], errors: readonly FakeError[] = []): TestModule {
  const module = {
    type: 'module',
    project: { name: 'unit' },
    moduleId: join(process.cwd(), 'a.test.ts'),
    errors: () => errors,
  }
  const suites = tests.map(({ suiteErrors = [] }) => ({
    type: 'suite',
    fullName: 's',
    errors: () => suiteErrors,
    parent: module,
  }))
  const cases = tests.map(({ fullName, state, note, errors }, at) => ({
    fullName,
    parent: suites[at],
    result: () => ({ state, note, errors }),
    diagnostic: () => ({ duration: 5 }),
  }))
  return { ...module, children: { allTests: () => cases, allSuites: () => suites } } as unknown as TestModule
}

function recordsOf(module: TestModule) {
  const file = join(mkdtempSync(join(tmpdir(), 'azl-reporter-')), 'records.json')
  vi.stubEnv('AZL_VM_TEST_RECORDS', file)
  new SummaryReporter().onTestRunEnd([module], [])
  return (JSON.parse(readFileSync(file, 'utf8')) as { tests: Record<string, unknown>[] }).tests
}

it('keeps project, file, time and state', () => {
  expect(recordsOf(fakeModule([{ fullName: 'a', state: 'passed' }]))).toEqual([
    { project: 'unit', file: 'a.test.ts', name: 'a', state: 'passed', durationMs: 5 },
  ])
})

it('finds the reason of a skip in its note, in the title, or in a hook that failed', () => {
  const records = recordsOf(
    fakeModule([
      { fullName: 'a', state: 'skipped', note: 'no swtpm' },
      { fullName: 's [skipped: needs root] > b', state: 'skipped' },
      { fullName: 'c', state: 'skipped', suiteErrors: [{ message: 'boom' }] },
      { fullName: 'd', state: 'skipped' },
    ]),
  )
  expect(records.slice(0, 4).map(({ name, note }) => [name, note])).toEqual([
    ['a', 'no swtpm'],
    ['s > b', 'needs root'],
    ['c', 'a hook before it failed'],
    ['d', undefined],
  ])
})

it('counts a hook or a file that fails, and a test that never ended', () => {
  const states = (module: TestModule) => recordsOf(module).map(({ name, state }) => [name, state])
  expect(states(fakeModule([{ fullName: 'c', state: 'skipped', suiteErrors: [{ message: 'boom' }] }]))).toContainEqual([
    's (its hooks)',
    'failed',
  ])
  expect(states(fakeModule([], [{ message: 'cannot load' }]))).toEqual([['(the file itself)', 'failed']])
  expect(states(fakeModule([{ fullName: 'a', state: 'pending' }]))).toEqual([['a', 'failed']])
})

it('keeps why a test or a hook failed: how the values differ, without colours, and where; a long one is cut', () => {
  const differs = {
    message: 'expected 1 to be 2',
    diff: '\u001b[32m- 2\u001b[39m\n\u001b[31m+ 1\u001b[39m',
    stacks: [{ file: join(process.cwd(), 'a.test.ts'), line: 7 }],
  }
  const long = { message: Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n') }
  const [test, hook] = recordsOf(
    fakeModule([{ fullName: 'a', state: 'failed', errors: [differs], suiteErrors: [long] }]),
  )
  expect(test).toMatchObject({ errors: ['expected 1 to be 2\n- 2\n+ 1\nat a.test.ts:7'] })
  expect(hook?.['errors']).toEqual([expect.stringMatching(/^line 0\n[^]*line 29\n\(10 more lines\)$/)])
})
