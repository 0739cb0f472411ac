/** `npm run test:hyperv`: what a real Hyper-V host answers, into one file. */
import { copyFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { assetPath } from '../../src/assets.ts'
import { askHyperV, hostText, readEvidence, type Evidence } from './evidence.ts'

const usage = `usage: npm run test:hyperv [-- --folder FOLDER] [--out FILE]
       npm run test:hyperv -- --accept FILE

Makes machines, disks and a switch whose names begin with azl-vm-evidence-, starts none, removes them, and writes what
Hyper-V answered. Needs an elevated prompt, or membership in Hyper-V Administrators. --accept takes such a file into the
project, so that docs/providers/hyperv.md tells what was seen.
`

/** Resolves with the exit code: 1 where the host answered something else than expected. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, now: Date): Promise<number> {
  const options = { folder: { type: 'string' }, out: { type: 'string' }, accept: { type: 'string' } } as const
  let values
  try {
    values = parseArgs({ args: [...argv], options }).values
  } catch {
    process.stderr.write(usage)
    return 2
  }
  if (values.accept !== undefined) return await accept(resolve(values.accept))
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '') // 20261125T100000Z
  const folder = resolve(values.folder ?? `azl-vm-evidence-${stamp}`)
  const evidence = await askHyperV({ env, folder, now })
  const out = resolve(values.out ?? `hyperv-evidence-${String(evidence.host.build)}-${stamp}.json`)
  await writeFile(out, `${JSON.stringify(evidence, undefined, 2)}\n`)
  return tell(evidence, out)
}

function tell(evidence: Evidence, out: string): number {
  const others = evidence.rules.filter(({ expected, seen }) => expected !== seen)
  process.stdout.write(
    [
      hostText(evidence),
      ...others.map(({ rule, expected, seen }) => `  ${rule}: expected ${expected}, seen ${seen}`),
      `${String(evidence.rules.length - others.length)} of ${String(evidence.rules.length)} rules as expected`,
      `written: ${out}`,
      '',
    ].join('\n'),
  )
  return others.length === 0 ? 0 : 1
}

async function accept(file: string): Promise<number> {
  const { host } = await readEvidence(file)
  const name = `${host.edition}-${String(host.build)}-${host.culture}.json`.replaceAll(/[^\w.-]/g, '_')
  await copyFile(file, assetPath('test', 'hyperv-host', 'observations', name))
  process.stdout.write(`${join('test', 'hyperv-host', 'observations', name)}\nNow: node scripts/generate-docs.mjs\n`)
  return 0
}
