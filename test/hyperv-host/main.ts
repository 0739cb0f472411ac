/** `npm run test:hyperv`: what a real Hyper-V host answers, and the contract suite on it, into one file. */
import { writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { assetPath } from '../../src/assets.ts'
import { accept } from './accept.ts'
import { askHyperV } from './ask.ts'
import { runContract } from './contract.ts'
import { hostText, inThisFolder, type Evidence } from './evidence.ts'

const usage = `usage: npm run test:hyperv [-- --folder FOLDER] [--out FILE] [--tests PATTERN]
       npm run test:hyperv -- --accept FILE

Needs an elevated prompt, or membership in Hyper-V Administrators. First the questions: machines, disks and a switch whose
names begin with azl-vm-evidence-; four of the machines boot the probe, an empty disk, or nothing. Then the contract suite,
whose machines azl-vm makes and marks; --tests runs those whose name fits PATTERN. All of it is removed, nothing else is
touched, and FILE has what Hyper-V answered. --accept makes such a file the simulator's data and what
docs/providers/hyperv.md tells.
`

/** Resolves with the exit code: 1 where the host answered something else than expected, or broke the contract. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, now: Date): Promise<number> {
  const text = { type: 'string' } as const
  let values
  try {
    values = parseArgs({ args: [...argv], options: { folder: text, out: text, accept: text, tests: text } }).values
  } catch {
    process.stderr.write(usage)
    return 2
  }
  if (values.accept !== undefined) return await take(resolve(values.accept))
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '') // 20261125T100000Z
  const folder = resolve(values.folder ?? `azl-vm-evidence-${stamp}`)
  const answers = await askHyperV({ env, folder, now })
  const out = resolve(values.out ?? `hyperv-evidence-${String(answers.host.build)}-${stamp}.json`)
  // The suite takes half an hour: what there is until then is kept.
  await write(out, { ...answers, contract: { skipped: 'interrupted', tests: [] } })
  const evidence = { ...answers, contract: await runContract(env, values.tests) }
  await write(out, evidence)
  return tell(evidence, out)
}

async function write(out: string, evidence: Evidence): Promise<void> {
  await writeFile(out, `${JSON.stringify(evidence, undefined, 2)}\n`)
}

function tell(evidence: Evidence, out: string): number {
  const others = evidence.rules.filter(({ expected, seen }) => expected !== seen)
  const { tests, skipped } = evidence.contract
  const broken = tests.filter(({ state }) => state === 'failed')
  process.stdout.write(
    [
      hostText(evidence),
      ...others.map(({ rule, expected, seen }) => `  ${rule}: expected ${expected}, seen ${seen}`),
      `${String(evidence.rules.length - others.length)} of ${String(evidence.rules.length)} rules as expected`,
      ...broken.map(({ name, error = '' }) => `  ${name}: ${error.split('\n')[0] ?? ''}`),
      skipped === undefined
        ? `${String(tests.filter(({ state }) => state === 'passed').length)} of ${String(tests.length)} tests of the contract passed`
        : `the contract was not run: ${skipped}`,
      `written: ${out}`,
      '',
    ].join('\n'),
  )
  return others.length === 0 && broken.length === 0 && skipped === undefined ? 0 : 1
}

async function take(file: string): Promise<number> {
  const { kept, changed, open } = await accept(file, {
    simulator: assetPath('test', 'simulators', 'hyperv'),
    rules: inThisFolder('rules.json'),
    observations: inThisFolder('observations'),
  })
  process.stdout.write(
    [
      relative(assetPath(), kept),
      ...changed.map((rule) => `  ${rule}: played as it was seen from now on`),
      ...open.map((rule) => `  ${rule}: seen otherwise, and no data file says it: the simulator's code has to change`),
      'Now: node scripts/generate-docs.mjs',
      '',
    ].join('\n'),
  )
  return 0
}
