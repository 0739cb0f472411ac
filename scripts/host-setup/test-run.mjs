// @ts-check
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePackages } from './apt.mjs'
import { ensureNpmPackages, npmCommand } from './npm.mjs'
import { testPackages } from './packages.mjs'
import { detectPlatform } from './platform.mjs'
import { closingLine, summaryLines, totals, verdictFaults } from './test-summary.mjs'
import { ensureVirtualBox } from './virtualbox.mjs'
import { ensureWindowsNode } from './windows-node.mjs'

/**
 * @typedef {import('./host.mjs').Host} Host
 * @typedef {import('./test-summary.mjs').Stage} Stage
 * @typedef {{ setup: boolean, check: boolean, projects: readonly string[], rest: readonly string[] }} Options
 * @typedef {{ project: string, file: string }} TestFile
 */

/** Cheap ones first: a fault that a unit test shows need not wait for a machine to boot. */
const ORDER = ['unit', 'integration', 'contract', 'e2e']
/** Waits for guests more than it computes: `npm run check`, which only computes, runs beside it. */
const ROOMY = 'contract'
/** What runs on any system; the others need libvirt and QEMU on Linux. */
const EVERYWHERE = ['unit']
/** Of a failed check, in the closing summary. */
const CHECK_LINES = 40

export const USAGE = `npm test [-- OPTIONS] [FILE-FILTER...]

  --project NAME   only this vitest project (again for more): ${ORDER.join(', ')}; leaves 'npm run check' out
  --no-setup       install nothing
  --no-check       leave 'npm run check' out
  what else is given goes to vitest, for example -t 'part of a name'`

/**
 * @param {readonly string[]} argv
 * @returns {Options}
 */
export function parseOptions(argv) {
  const projects = []
  const rest = []
  let setup = true
  let check = true
  for (let at = 0; at < argv.length; at += 1) {
    const arg = argv[at] ?? ''
    if (arg === '--no-setup') setup = false
    else if (arg === '--no-check') check = false
    else if (arg === '--project') projects.push(argv[(at += 1)] ?? '')
    else if (arg.startsWith('--project=')) projects.push(arg.slice('--project='.length))
    else rest.push(arg)
  }
  return { setup, check: check && projects.length === 0 && rest.length === 0, projects, rest }
}

/**
 * The projects that have files, in our order, and then those that the order does not know.
 * @param {readonly TestFile[]} files
 */
export function projectsInOrder(files) {
  const present = new Set(files.map(({ project }) => project))
  return [...ORDER.filter((name) => present.has(name)), ...[...present].filter((name) => !ORDER.includes(name))]
}

/**
 * @param {Host} host
 * @param {string} root
 * @param {Options} options
 * @returns {Promise<number>} exit code
 */
export async function testRun(host, root, options) {
  /** @type {Stage[]} */
  const stages = []
  if (options.setup) stages.push(await setupStage(host, root, options))
  const files = await listFiles(host, root, options)
  const found = typeof files === 'string' ? [] : files
  if (typeof files === 'string') stages.push({ name: 'vitest', seconds: 0, tests: [], faults: [files] })
  const projects = projectsInOrder(found)
  const beside = projects.includes(ROOMY) ? ROOMY : projects[0]
  const isCheckedAlone = options.check && beside === undefined
  if (isCheckedAlone) stages.push(await checkStage(host, root))
  for (const project of projects) {
    const isBeside = options.check && project === beside
    const [tests, check] = await Promise.all([
      projectStage(host, root, options, project, found),
      isBeside ? checkStage(host, root) : undefined,
    ])
    stages.push(tests, ...(check === undefined ? [] : [check]))
  }
  return report(host, stages)
}

/**
 * @param {Host} host
 * @param {string} root
 * @param {Options} options
 */
function setupStage(host, root, { projects }) {
  const platform = detectPlatform(host)
  const needsHypervisor = projects.length === 0 || projects.some((name) => !EVERYWHERE.includes(name))
  return timed(host, async () => {
    if (platform.kind === 'debian' && needsHypervisor) {
      await ensurePackages(host, testPackages({ arch: host.arch, hasSystemd: platform.hasSystemd }))
    } else if (host.platform === 'linux' && needsHypervisor) {
      host.say(
        `System packages: not installed by us on ${platform.name}; see docs/providers/kvm.md. Tests that lack one say so.`,
      )
    }
    await ensureNpmPackages(host, root)
    if (platform.kind === 'debian' && needsHypervisor && host.arch === 'x64') {
      await ensureWindowsNode(host, root)
      await ensureVirtualBox(host, root)
    }
    return { name: 'set-up', tests: [], faults: [] }
  })
}

/**
 * @param {Host} host
 * @param {readonly Stage[]} stages
 */
function report(host, stages) {
  const faults = verdictFaults(stages, host.env['CI'] !== undefined)
  const whole = faults.length === 0 ? stages : [...stages, { name: 'verdict', seconds: 0, tests: [], faults }]
  const counts = totals(whole)
  host.print([...summaryLines(whole), closingLine(counts), ''].join('\n'))
  return counts.failed === 0 ? 0 : 1
}

/**
 * @param {Host} host
 * @param {() => Promise<Omit<Stage, 'seconds'>>} act
 * @returns {Promise<Stage>}
 */
async function timed(host, act) {
  const startedAt = host.now()
  const stage = await act()
  return { ...stage, seconds: (host.now() - startedAt) / 1000 }
}

/**
 * @param {Host} host
 * @param {string} root
 */
function checkStage(host, root) {
  return timed(host, async () => {
    const [command, args] = npmCommand(host, ['run', 'check'])
    const { code, stdout, stderr } = await host.capture(command, args, { cwd: root })
    // All at once, because what runs beside it prints too.
    host.say(`\n== npm run check\n${stdout}${stderr}`)
    // What it said stands far above the end of a long run: the part of those that failed once more.
    const failed = stdout
      .slice(Math.max(0, stdout.indexOf('FAILED')))
      .split('\n')
      .slice(0, CHECK_LINES)
    const faults = code === 0 ? [] : [[`npm run check (exit code ${code})`, ...failed].join('\n    ')]
    return { name: 'check', tests: [], faults }
  })
}

/** @param {string} root */
const vitest = (root) => join(root, 'node_modules', 'vitest', 'vitest.mjs')

/**
 * @param {Host} host
 * @param {string} root
 * @param {Options} options
 * @returns {Promise<readonly TestFile[] | string>} or what went wrong
 */
async function listFiles(host, root, { projects, rest }) {
  // A file filter narrows the list; an option with a value (-t NAME) would be taken for one.
  const filters = rest.some((arg) => arg.startsWith('-')) ? [] : rest
  const chosen = projects.flatMap((name) => ['--project', name])
  const args = [vitest(root), 'list', '--filesOnly', '--json', ...chosen, ...filters]
  const { code, stdout, stderr } = await host.capture(process.execPath, args, { cwd: root })
  if (code !== 0) return `vitest cannot list the tests (exit code ${code}): ${(stderr + stdout).trim()}`
  /** @type {{ file: string, projectName?: string }[]} */
  const found = JSON.parse(stdout.slice(stdout.indexOf('[')))
  return found.map(({ file, projectName = 'unit' }) => ({ file, project: projectName }))
}

/**
 * @param {Host} host
 * @param {string} root
 * @param {Options} options
 * @param {string} project
 * @param {readonly TestFile[]} files
 */
function projectStage(host, root, options, project, files) {
  return timed(host, async () => {
    host.say(`\n== ${project} tests`)
    if (host.platform !== 'linux' && !EVERYWHERE.includes(project)) return skippedProject(host, root, project, files)
    const folder = join(root, '.cache', 'test')
    const records = join(folder, `${project}.json`)
    mkdirSync(folder, { recursive: true })
    rmSync(records, { force: true })
    const reporter = join(root, 'scripts', 'host-setup', 'test-reporter.mjs')
    const args = [
      vitest(root),
      'run',
      '--project',
      project,
      '--reporter=default',
      `--reporter=${reporter}`,
      ...options.rest,
    ]
    const code = await host.run(process.execPath, args, { cwd: root, env: { AZL_VM_TEST_RECORDS: records } })
    const { tests, faults } = readRecords(host.read(records), project, code)
    // With -t vitest reports every test that the pattern leaves out as skipped.
    const isPart = options.rest.some((arg) => arg === '-t' || arg.startsWith('--testNamePattern'))
    const wanted = isPart ? tests.filter(({ state, note }) => state !== 'skipped' || note !== undefined) : tests
    return { name: project, tests: wanted, faults }
  })
}

/**
 * @param {string | undefined} text
 * @param {string} project
 * @param {number} code vitest's exit code
 * @returns {Pick<Stage, 'tests' | 'faults'>}
 */
export function readRecords(text, project, code) {
  if (text === undefined)
    return { tests: [], faults: [`${project}: vitest ended without a result (exit code ${code})`] }
  /** @type {{ tests: import('./test-reporter.mjs').TestRecord[], unhandledErrors: number }} */
  const { tests, unhandledErrors } = JSON.parse(text)
  // Whatever vitest calls a failure is one here, also where no single test is to blame.
  const isExplained = code === 0 || tests.some(({ state }) => state === 'failed')
  const faults = unhandledErrors > 0 ? [`${project}: ${unhandledErrors} unhandled errors`] : []
  return {
    tests,
    faults: isExplained || faults.length > 0 ? faults : [`${project}: vitest ended with exit code ${code}`],
  }
}

/**
 * @param {Host} host
 * @param {string} root
 * @param {string} project
 * @param {readonly TestFile[]} files
 * @returns {Omit<Stage, 'seconds'>}
 */
function skippedProject(host, root, project, files) {
  const note = `needs libvirt and QEMU on Linux; this is ${detectPlatform(host).name}`
  const tests = files
    .filter((one) => one.project === project)
    .map(({ file }) => ({
      project,
      file: file.slice(root.length),
      name: '(all)',
      state: /** @type {const} */ ('skipped'),
      durationMs: 0,
      note,
    }))
  return { name: project, tests, faults: [] }
}
