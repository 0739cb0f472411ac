/** Programs of a hypervisor in front of the real ones: each notes when it was called and when it ended. */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findOnPath } from './measure.ts'

export interface TracedCall {
  readonly program: string
  readonly words: readonly string[]
  /** Milliseconds since 1970, as `Date.now()`. */
  readonly beganMs: number
  readonly endedMs: number
}

export interface ProgramTrace {
  readonly env: NodeJS.ProcessEnv
  /** Since the last time, in the order in which they ended. */
  take(): Promise<readonly TracedCall[]>
}

/** Words are joined by the unit separator, which no argument of ours has. */
const wrapper = (program: string, file: string): string => `#!/bin/bash
begun=$EPOCHREALTIME
'${program}' "$@"
code=$?
IFS=$'\\x1f'
printf '%s\\x1e%s\\x1e%s\\x1e%s\\n' '${program.replace(/^.*\//, '')}' "$begun" "$EPOCHREALTIME" "$*" >>'${file}'
exit "$code"
`

/** `env` as it is, with `programs` found in `folder` before anything else. */
export async function traceProgramsIn(
  folder: string,
  programs: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ProgramTrace> {
  const [bin, file] = [join(folder, 'traced'), join(folder, 'calls')]
  await mkdir(bin)
  await writeFile(file, '')
  for (const name of programs) {
    const real = findOnPath(name, env['PATH'])
    if (real === undefined) throw new Error(`${name} is not on the PATH of the bench`)
    await writeFile(join(bin, name), wrapper(real, file))
    await chmod(join(bin, name), 0o755)
  }
  return {
    env: { ...env, PATH: `${bin}:${env['PATH'] ?? ''}` },
    take: async () => {
      const text = await readFile(file, 'utf8')
      await rm(file)
      await writeFile(file, '')
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [program = '', begun = '', ended = '', words = ''] = line.split('\x1e')
          return { program, beganMs: Number(begun) * 1000, endedMs: Number(ended) * 1000, words: words.split('\x1f') }
        })
    },
  }
}
