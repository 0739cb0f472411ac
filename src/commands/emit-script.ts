/** `plan --emit sh`: the plan as a script that a person reads, reviews and runs by hand. */
import { readFile } from 'node:fs/promises'
import type { CommandResult } from '../cli/command.ts'
import type { PlannedMachine } from '../pipeline/plan-machine.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import { writeOutput } from './write-output.ts'

/** Prints the script, or writes it to `file` (absolute) with the media that azl-vm made beside it. */
export async function emitScript(planned: PlannedMachine, loaded: LoadedSpec, file?: string): Promise<CommandResult> {
  const script = scriptText(planned, loaded)
  if (file === undefined) return { data: { script }, text: () => script }
  const { medium, request } = planned
  await writeOutput(file, script, 0o755)
  const files = [file]
  if (request.installer.path !== medium.medium.path) {
    await writeOutput(request.installer.path, await readFile(medium.medium.path))
    files.push(request.installer.path)
  }
  return { data: { script, files }, text: () => `written: ${files.join(', ')}\nRead it, then run it with sh.` }
}

/** The whole script. Everything in it that came from outside is one quoted word, or a comment on one line. */
export function scriptText(
  { host, facts, request, plan }: Pick<PlannedMachine, 'host' | 'facts' | 'request' | 'plan'>,
  loaded: Pick<LoadedSpec, 'file'>,
): string {
  return [
    '#!/bin/sh',
    `# Makes the machine ${request.ref.name} of ${comment(loaded.file)} on ${comment(host)}, as azl-vm would.`,
    '# It sets no mark: what it makes is foreign to azl-vm, which never touches it.',
    ...(facts.isAssumed
      ? ['# ASSUMED: the host could not be asked; paths and firmware are those of a usual one.']
      : []),
    'set -eu',
    ...plan.shPrologue,
    ...plan.operations.flatMap((operation) => ['', `# ${comment(operation.title)}`, ...operation.sh]),
    '',
    ...plan.shEpilogue,
    '',
  ].join('\n')
}

/** Text of others in a comment: a line end would make code of it. */
function comment(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}
