/** `plan --emit sh`: the plan as a script that a person reads, reviews and runs by hand. */
import { readFile } from 'node:fs/promises'
import type { CommandResult } from '../cli/command.ts'
import { AzlVmError } from '../errors.ts'
import type { PlannedMachine } from '../pipeline/plan-machine.ts'
import type { ScriptLanguage } from '../provider/plan.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import { writeOutput } from './write-output.ts'

interface Frame {
  /** What the language wants above everything else. */
  readonly first: readonly string[]
  /** Stop at the first error, and take no unset variable for an empty one. */
  readonly strict: readonly string[]
  /** How the file is run, for people. */
  readonly run: string
  readonly mode: number
}

const frames: Readonly<Record<ScriptLanguage, Frame>> = {
  sh: { first: ['#!/bin/sh'], strict: ['set -eu'], run: 'Read it, then run it with sh.', mode: 0o755 },
  ps1: {
    first: [],
    strict: ['Set-StrictMode -Version 2.0', "$ErrorActionPreference = 'Stop'"],
    run: 'Read it, sign it where your execution policy asks for that, and run it in PowerShell with rights on the hypervisor.',
    mode: 0o644,
  },
}

/** The languages that a plan can be emitted in, as `--emit` takes them. */
export const scriptLanguages: readonly ScriptLanguage[] = ['sh', 'ps1']

/**
 * Prints the script, or writes it to `file` (absolute) with the media that azl-vm made beside it. Machines of a
 * provider are made by hand in one language; another is refused.
 */
export async function emitScript(
  planned: PlannedMachine,
  loaded: LoadedSpec,
  wanted: ScriptLanguage,
  file?: string,
): Promise<CommandResult> {
  const { language } = planned.plan.script
  if (wanted !== language)
    throw new AzlVmError(
      'not-supported',
      `machines of ${planned.provider} are made by hand in ${names[language]}, not in ${names[wanted]}`,
      { hint: `use --emit ${language}` },
    )
  const script = scriptText(planned, loaded)
  if (file === undefined) return { data: { script }, text: () => script }
  const { medium, request } = planned
  await writeOutput(file, script, frames[language].mode)
  const files = [file]
  if (request.installer.path !== medium.medium.path) {
    await writeOutput(request.installer.path, await readFile(medium.medium.path))
    files.push(request.installer.path)
  }
  return { data: { script, files }, text: () => `written: ${files.join(', ')}\n${frames[language].run}` }
}

const names: Readonly<Record<ScriptLanguage, string>> = { sh: 'shell (sh)', ps1: 'PowerShell (ps1)' }

/** The whole script. Everything in it that came from outside is one quoted word, or a comment on one line. */
export function scriptText(
  { host, facts, request, plan }: Pick<PlannedMachine, 'host' | 'facts' | 'request' | 'plan'>,
  loaded: Pick<LoadedSpec, 'file'>,
): string {
  const { language, parameters = [], prologue, epilogue } = plan.script
  const { first, strict } = frames[language]
  const said = (text: string): string => comment(text, language)
  return [
    ...first,
    `# Makes the machine ${request.ref.name} of ${said(loaded.file)} on ${said(host)}, as azl-vm would.`,
    '# It sets no mark: what it makes is foreign to azl-vm, which never touches it.',
    ...(facts.isAssumed
      ? ['# ASSUMED: the host could not be asked; paths and firmware are those of a usual one.']
      : []),
    ...parameters,
    ...strict,
    ...prologue,
    ...plan.operations.flatMap((operation) => ['', `# ${said(operation.title)}`, ...operation.script]),
    '',
    ...epilogue,
    '',
  ].join('\n')
}

/**
 * Text of others in a comment: a line end would make code of it. Windows PowerShell reads a file without a byte order
 * mark in the ANSI code page, so what is beyond ASCII would be garbled there.
 */
function comment(text: string, language: ScriptLanguage): string {
  const line = text.replace(/[\r\n]/g, ' ')
  return language === 'ps1' ? line.replaceAll('’', "'").replace(/[^\x20-\x7e]+/g, '?') : line
}
