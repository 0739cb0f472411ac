// @ts-check
// A vitest reporter that writes what the closing summary needs. vitest's own JSON reporter leaves out why a test was
// skipped and which project it is of.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/**
 * @typedef {object} TestRecord
 * @property {string} project
 * @property {string} file
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} state
 * @property {number} durationMs
 * @property {string} [note] why it was skipped
 * @property {readonly string[]} [errors] why it failed, each shortened
 */

/** Of one error: enough for a difference of values, not for a log that a message quotes. */
const ERROR_LINES = 30

/** A describe.skipIf cannot carry a note, so its title does: 'client against libvirtd [skipped: needs root]'. */
const TITLE_NOTE = / \[skipped: ([^\]]+)\]/

/** @param {import('vitest/node').TestCase} test */
function skipNote(test) {
  const result = test.result()
  if (result.state !== 'skipped') return undefined
  /** @type {import('vitest/node').TestCase['parent']} */
  let parent = test.parent
  while (parent.type === 'suite' && parent.errors().length === 0) parent = parent.parent
  return parent.errors().length > 0 ? 'a hook before it failed' : (result.note ?? TITLE_NOTE.exec(test.fullName)?.[1])
}

/**
 * What was wrong, how the values differ, and where in our files.
 * @param {readonly import('vitest/node').SerializedError[]} errors
 */
function shortened(errors) {
  return errors.map(({ message, diff, stacks = [] }) => {
    const said = stripVTControlCharacters(diff === undefined ? message : `${message}\n${diff}`).split('\n')
    const cut =
      said.length > ERROR_LINES ? [...said.slice(0, ERROR_LINES), `(${said.length - ERROR_LINES} more lines)`] : said
    const [top] = stacks
    return [...cut, ...(top === undefined ? [] : [`at ${relative(process.cwd(), top.file)}:${top.line}`])].join('\n')
  })
}

/**
 * @param {import('vitest/node').TestModule} module
 * @returns {TestRecord[]}
 */
function recordsOf(module) {
  const place = { project: module.project.name, file: relative(process.cwd(), module.moduleId) }
  /** @type {TestRecord[]} */
  const records = []
  for (const test of module.children.allTests()) {
    const { state, errors = [] } = test.result()
    const note = skipNote(test)
    records.push({
      ...place,
      name: test.fullName.replace(TITLE_NOTE, ''),
      // 'pending': the run ended before this test did.
      state: state === 'pending' ? 'failed' : state,
      durationMs: test.diagnostic()?.duration ?? 0,
      ...(note === undefined ? {} : { note }),
      ...(state === 'failed' ? { errors: shortened(errors) } : {}),
    })
  }
  // A file that cannot be loaded, or a beforeAll that throws, fails without any test of its own having failed.
  const broken = [module, ...module.children.allSuites()].filter((one) => one.errors().length > 0)
  for (const one of broken) {
    const name = one.type === 'module' ? '(the file itself)' : `${one.fullName} (its hooks)`
    records.push({ ...place, name, state: 'failed', durationMs: 0, errors: shortened(one.errors()) })
  }
  return records
}

/** vitest makes one of these by the default export's name; the file to write comes by environment variable. */
// eslint-disable-next-line no-restricted-exports -- vitest's rule, not ours
export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    const file = process.env['AZL_VM_TEST_RECORDS']
    if (file === undefined) return
    writeFileSync(file, JSON.stringify({ tests: modules.flatMap(recordsOf), unhandledErrors: unhandled.length }))
  }
}
