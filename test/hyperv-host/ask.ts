/** Puts the questions of this folder's scripts to a Hyper-V host. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { localLaunch, systemRootOf } from '../../providers/hyperv/launch.ts'
import { assetPath } from '../../src/assets.ts'
import { buildProbeIso } from '../../src/media/probe-iso.ts'
import { askBoots } from './boots.ts'
import {
  hostSchema,
  inThisFolder,
  listSchema,
  readRules,
  seenSchema,
  timeSchema,
  typeSchema,
  type Evidence,
  type Lists,
} from './evidence.ts'
import { Said, type ScriptRun } from './said.ts'

export interface Ask {
  /** Has SystemRoot, whose powershell.exe is asked. */
  readonly env: NodeJS.ProcessEnv
  /** For machines and disks; made, and removed afterwards. */
  readonly folder: string
  readonly now: Date
}

/** Everything but the contract suite. Throws where PowerShell does not even tell its version. */
export async function askHyperV({ env, folder, now }: Ask): Promise<Omit<Evidence, 'contract'>> {
  const rules = await readRules()
  await mkdir(folder)
  try {
    const iso = join(folder, 'probe.iso')
    const binary = await readFile(assetPath('packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
    await writeFile(iso, buildProbeIso({ arch: 'x86_64', then: 'poweroff', binary }))
    const script = (name: string): ScriptRun => scriptRun(env, name, folder, iso)
    const lists = await said(script('lists.ps1'))
    const [host] = lists.all(hostSchema)
    if (!host) throw new Error(`PowerShell did not answer: ${lists.stray.join('\n')}`)
    const without = await listsWithout(script('lists.ps1'), env, folder)
    const answers = await said(script('rules.ps1'))
    const times = await said(script('times.ps1'))
    const boots = await askBoots(script('boots.ps1'))
    const seen = new Map(answers.all(seenSchema).map((each) => [each.rule, each]))
    return {
      format: 2,
      at: now.toISOString(),
      host,
      rules: rules.map(({ id, expected }) => ({ expected, ...(seen.get(id) ?? { rule: id, seen: 'not answered' }) })),
      types: answers.all(typeSchema),
      lists: { with: { rights: host.rights, lists: lists.all(listSchema) }, without },
      boots: boots.boots,
      times: times.all(timeSchema),
      stray: [...lists.stray, ...answers.stray, ...times.stray, ...boots.stray],
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  }
}

function scriptRun(env: NodeJS.ProcessEnv, name: string, folder: string, iso: string): ScriptRun {
  const launch = localLaunch('worker', { env })
  const worker = launch.args.at(-1) ?? ''
  const given = ['-Scripts', dirname(worker), '-Folder', folder, '-Iso', iso]
  return {
    command: launch.command,
    words: [...launch.args.slice(0, -1), inThisFolder(name), ...given],
    env: launch.env,
  }
}

async function said({ command, words, env }: ScriptRun): Promise<Said> {
  const { stdout, stderr } = await execa(command, words, { env, extendEnv: false, reject: false })
  return new Said(stdout, stderr)
}

/** How long the process with fewer rights may take, milliseconds. */
const withoutRightsMs = 120_000

/**
 * The same lists from a process without this account's administrator groups: `runas /trustlevel:0x20000` makes one and
 * asks for no password (learn.microsoft.com, runas). It has a window of its own, so it answers through a file.
 */
async function listsWithout(
  { command, words, env }: ScriptRun,
  { ...variables }: NodeJS.ProcessEnv,
  folder: string,
): Promise<Lists> {
  const runas = join(systemRootOf(variables), 'System32', 'runas.exe')
  const out = join(folder, 'lists-without-rights.jsonl')
  const line = [command, ...words, '-Out', out].map((word) => `"${word}"`).join(' ')
  const { exitCode, all } = await execa(runas, ['/trustlevel:0x20000', line], {
    env,
    extendEnv: false,
    reject: false,
    all: true,
  })
  if (exitCode !== 0) return { skipped: `runas: ${String(exitCode)} ${all}`.trim(), lists: [] }
  for (let waitedMs = 0; waitedMs < withoutRightsMs; waitedMs += 200) {
    const text = await readFile(out, 'utf8').catch(() => undefined)
    if (text !== undefined) {
      const heard = new Said(text, '')
      return { rights: heard.all(hostSchema)[0]?.rights, lists: heard.all(listSchema) }
    }
    await delay(200)
  }
  return { skipped: 'the process with fewer rights did not answer', lists: [] }
}
