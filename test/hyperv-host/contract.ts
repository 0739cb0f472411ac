/** Runs the contract suite, with the boot probe in the guests, on the Hyper-V that the environment names. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import * as z from 'zod'
import { assetPath } from '../../src/assets.ts'
import type { ContractResult } from './evidence.ts'

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
})

/** Which file of test/contract asks a host by its own cmdlets alone. */
const suite = 'test/contract/hyperv-real.contract.test.ts'

/** `only`: a pattern for the tests' names, as vitest's -t. */
export async function runContract(env: NodeJS.ProcessEnv, only: string | undefined): Promise<ContractResult> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-contract-report-'))
  try {
    const report = join(folder, 'report.json')
    const words = ['run', '--project', 'contract', suite, '--reporter=json', `--outputFile=${report}`]
    const filter = only === undefined ? [] : ['-t', only]
    const { all } = await execa(
      process.execPath,
      [assetPath('node_modules', 'vitest', 'vitest.mjs'), ...words, ...filter],
      { cwd: assetPath(), env: { ...env, AZL_TEST_HYPERV_HOST: 'yes' }, reject: false, all: true, stdin: 'ignore' },
    )
    const text = await readFile(report, 'utf8').catch(() => undefined)
    if (text === undefined) return { skipped: `vitest wrote no report: ${all}`, tests: [] }
    const { testResults } = reportSchema.parse(JSON.parse(text))
    const tests = testResults.flatMap(({ assertionResults }) =>
      assertionResults
        // Those that `only` leaves out.
        .filter(({ status }) => only === undefined || (status !== 'skipped' && status !== 'pending'))
        .map(({ fullName: name, status: state, failureMessages }) => ({
          name,
          state,
          ...(failureMessages?.[0] === undefined ? {} : { error: failureMessages[0] }),
        })),
    )
    const message = testResults.find(({ message: text }) => text !== undefined && text !== '')?.message
    return tests.length === 0 && message !== undefined ? { skipped: message, tests } : { tests }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
