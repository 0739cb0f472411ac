// @ts-check
/**
 * @typedef {import('./test-reporter.mjs').TestRecord} TestRecord
 * @typedef {{ name: string, seconds: number, tests: readonly TestRecord[], faults: readonly string[] }} Stage
 *   One step of the run; faults are failures that belong to no test
 * @typedef {{ passed: number, failed: number, skipped: number }} Totals
 */

const SLOWEST = 10

/** @param {readonly Stage[]} stages */
const allTests = (stages) => stages.flatMap(({ tests }) => tests)

/**
 * @param {readonly Stage[]} stages
 * @returns {Totals}
 */
export function totals(stages) {
  const tests = allTests(stages)
  /** @param {TestRecord['state']} state */
  const count = (state) => tests.filter((test) => test.state === state).length
  const faults = stages.flatMap((stage) => stage.faults).length
  return { passed: count('passed'), failed: count('failed') + faults, skipped: count('skipped') }
}

/** @param {TestRecord} test */
const place = ({ project, file }) => `[${project}] ${file}`

/** @param {TestRecord} test */
const label = (test) => `${place(test)} > ${test.name}`

/**
 * @template Value
 * @param {readonly Value[]} values
 * @param {(value: Value) => string} keyOf
 * @returns {Map<string, readonly Value[]>} in the order of their first values
 */
function groupBy(values, keyOf) {
  /** @type {Map<string, Value[]>} */
  const groups = new Map()
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value])
  return groups
}

/**
 * What is skipped, by reason. A file of which nothing runs for one reason is one line: what failed must not drown.
 * @param {readonly TestRecord[]} tests
 * @returns {string[]}
 */
export function skippedLines(tests) {
  const sizes = groupBy(tests, place)
  const skipped = tests.filter(({ state }) => state === 'skipped')
  return [...groupBy(skipped, ({ note }) => note ?? 'no reason given')].flatMap(([reason, because]) => [
    `  ${reason}`,
    ...[...groupBy(because, place)].flatMap(([file, ofFile]) =>
      ofFile.length > 1 && ofFile.length === sizes.get(file)?.length
        ? [`    ${file}, all ${ofFile.length} tests`]
        : ofFile.map((test) => `    ${label(test)}`),
    ),
  ])
}

/**
 * @param {readonly TestRecord[]} tests
 * @returns {string[]}
 */
export function slowestLines(tests) {
  return [...tests]
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST)
    .map((test) => `  ${(test.durationMs / 1000).toFixed(2).padStart(7)} s  ${label(test)}`)
}

/**
 * @param {TestRecord} test
 * @returns {string[]}
 */
const errorLines = ({ errors = [] }) => errors.flatMap((error) => error.split('\n').map((line) => `    ${line}`))

/**
 * The summary without its closing line.
 * @param {readonly Stage[]} stages
 * @returns {string[]}
 */
export function summaryLines(stages) {
  const tests = allTests(stages)
  const failed = [
    ...tests.filter(({ state }) => state === 'failed').flatMap((test) => [label(test), ...errorLines(test)]),
    ...stages.flatMap(({ faults }) => faults),
  ]
  const skipped = skippedLines(tests)
  return [
    '',
    'Time by step:',
    ...stages.map(
      ({ name, seconds, tests: { length } }) =>
        `  ${seconds.toFixed(1).padStart(7)} s  ${name}${length > 0 ? `, ${length} tests` : ''}`,
    ),
    ...(tests.length > 0 ? ['', `Slowest ${Math.min(SLOWEST, tests.length)} tests:`, ...slowestLines(tests)] : []),
    ...(skipped.length > 0 ? ['', 'Skipped, and why:', ...skipped] : []),
    ...(failed.length > 0 ? ['', 'Failed:', ...failed.map((line) => `  ${line}`)] : []),
    '',
  ]
}

/**
 * The line that machines read; it is the last one.
 * @param {Totals} totals
 */
export const closingLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`

/**
 * Why the whole is a failure although no test failed; empty when it is not.
 * @param {readonly Stage[]} stages
 * @param {boolean} isCi
 * @returns {string[]}
 */
export function verdictFaults(stages, isCi) {
  const tests = allTests(stages)
  const ran = tests.filter(({ state }) => state !== 'skipped').length
  const faults = ran === 0 ? ['no test ran'] : []
  // A skip that nobody can explain is a test that nobody knows is off.
  const mute = isCi ? tests.filter(({ state, note }) => state === 'skipped' && note === undefined) : []
  return [...faults, ...mute.map((test) => `skipped in CI without a reason: ${label(test)}`)]
}
