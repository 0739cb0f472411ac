/** `plan --emit sh`: the plan as a script that a person reads, reviews and runs by hand. */
import { copyFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandContext, CommandResult } from '../cli/command.ts'
import { AzlVmError, errorText } from '../errors.ts'
import type { PlannedMachine } from '../pipeline/plan-machine.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'

export async function emitScript(
  planned: PlannedMachine,
  loaded: LoadedSpec,
  out: string | undefined,
  ctx: CommandContext,
): Promise<CommandResult> {
  const file = out === undefined ? undefined : path.resolve(ctx.cwd, out)
  const isOwnMedium = planned.medium.trust === 'own'
  const from = planned.medium.medium.path
  // A medium of ours is put beside the script, so that the two can be taken elsewhere together.
  const mediumPath = file !== undefined && isOwnMedium ? path.join(path.dirname(file), path.basename(from)) : from
  const script = scriptText(planned, loaded, mediumPath)
  if (file === undefined) return { data: { script }, text: () => script }
  try {
    await writeFile(file, script, { mode: 0o755 })
    if (mediumPath !== from) await copyFile(from, mediumPath)
  } catch (error) {
    throw new AzlVmError('path-not-found', `cannot write the script: ${errorText(error)}`, {
      cause: error,
      hint: 'Name a file in a folder that is there, with --out.',
    })
  }
  const files = mediumPath === from ? [file] : [file, mediumPath]
  return { data: { script, files }, text: () => `written: ${files.join(', ')}\nRead it, then run it: sh ${file}` }
}

function scriptText(
  { host, facts, request, plan, medium }: PlannedMachine,
  loaded: LoadedSpec,
  mediumPath: string,
): string {
  const replaced = (line: string): string =>
    mediumPath === medium.medium.path ? line : line.replaceAll(medium.medium.path, mediumPath)
  return [
    '#!/bin/sh',
    `# Makes the machine ${request.ref.name} of ${comment(loaded.file)} on ${comment(host)}, as azl-vm would.`,
    '# It sets no mark: what it makes is foreign to azl-vm, which never touches it.',
    ...(facts.isAssumed
      ? ['# ASSUMED: the host could not be asked; paths and firmware are those of a usual one.']
      : []),
    'set -eu',
    ...plan.shPrologue,
    ...plan.operations.flatMap((operation) => ['', `# ${comment(operation.title)}`, ...operation.sh.map(replaced)]),
    '',
    ...plan.shEpilogue,
    '',
  ].join('\n')
}

/** Text of others in a comment: a line end would make code of it. */
function comment(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}
