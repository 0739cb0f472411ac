/** The runs that words name, each with what the boot probe saw in it. The hypervisors are not asked. */
import type { ProbeReport } from 'boot-probe'
import { AzlVmError } from '../errors.ts'
import { parseRunId } from '../provider/mark.ts'
import { readJsonFile } from '../store/atomic-file.ts'
import type { Environment } from './environment.ts'
import { machineWord } from './find-machine.ts'

export interface ComparedRun {
  readonly runId: string
  readonly machine: string
  readonly provider: string
  readonly host: string
  readonly probe: ProbeReport
}

/**
 * `word` is the id of a run of `up`, or a machine's name (`NAME@PROVIDER` where two have it): its latest boot counts.
 * Throws machine-not-found, ambiguous-machine, or path-not-found where nothing of the probe is kept.
 */
export async function comparedRun(environment: Environment, word: string): Promise<ComparedRun> {
  const runId = parseRunId(word) ? word : await lastRunOf(environment, word)
  const file = environment.home.run(runId).report
  const report = (await readJsonFile(file)) as StoredReport | undefined
  if (report === undefined) {
    throw new AzlVmError('path-not-found', `of "${word}" no finished boot is kept: there is no ${file}`, {
      hint: 'A run of `azl-vm up` that ended well leaves its report there.',
    })
  }
  const { probe, machine, provider, host } = report
  if (!probe) {
    throw new AzlVmError(
      'path-not-found',
      `of "${word}" there is nothing to compare: the boot probe did not run in it`,
      {
        hint: 'Boot the probe there: `source: { probe: { then: poweroff } }`, as templates/quickstart.yaml does.',
      },
    )
  }
  return { runId, machine: machine.ref.name, provider, host, probe }
}

interface StoredReport {
  readonly machine: { readonly ref: { readonly name: string } }
  readonly provider: string
  readonly host: string
  readonly probe?: ProbeReport
}

async function lastRunOf(environment: Environment, word: string): Promise<string> {
  const { name, provider } = machineWord(word)
  const records = (await environment.machines.list())
    .map(({ record }) => record)
    .filter(
      (record) => record.ref.name.toLowerCase() === name && (provider === undefined || record.provider === provider),
    )
  const [found, second] = records
  if (!found) {
    throw new AzlVmError('machine-not-found', `there is no machine or run "${word}" here`, {
      hint: '`azl-vm ls` lists the machines; the id of a run is the last part of its folder of evidence.',
    })
  }
  if (second) {
    throw new AzlVmError('ambiguous-machine', `there are ${String(records.length)} machines "${word}"`, {
      hint: `Say which: ${records.map((record) => `${record.ref.name}@${record.provider}`).join(', ')}; or name the run.`,
    })
  }
  if (found.lastRunId === undefined) {
    throw new AzlVmError('path-not-found', `"${word}" has not been booted by \`azl-vm up\` yet`)
  }
  return found.lastRunId
}
