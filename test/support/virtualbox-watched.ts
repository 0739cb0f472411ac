/** VirtualBox's programs in front of the stand-in's: what VBoxManage is asked is noted, and something else may happen first. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from './run-cli.ts'
import type { PlayedVirtualBox } from './virtualbox-standin.ts'

export interface Happening {
  /** Once, before the first call whose words begin with these. */
  readonly before: string
  /** Lines of sh, in which `$real` is the program that is called; `exit` and the call is not made. */
  readonly script: string
}

export interface WatchedVirtualBox {
  readonly env: NodeJS.ProcessEnv
  /** Calls of VBoxManage since the last time, in the order in which they began: the words of each, with blanks between. */
  take(): Promise<readonly string[]>
}

const wrapper = (program: string, folder: string, { before, script }: Happening): string => `#!/bin/sh
real='${join(repositoryRoot, 'test', 'simulators', 'virtualbox', program)}'
${program === 'VBoxManage' ? `echo "$*" >>'${join(folder, 'asked')}'` : ''}
case "$*" in
'${before}'*) if mkdir '${join(folder, 'happened')}' 2>/dev/null; then
${script}
fi ;;
esac
exec "$real" "$@"
`

const nothing: Happening = { before: 'nothing', script: ':' }

export async function watchVirtualBox(
  { folder, env }: Pick<PlayedVirtualBox, 'folder' | 'env'>,
  happening: Happening = nothing,
): Promise<WatchedVirtualBox> {
  const bin = await mkdtemp(join(folder, 'watched-'))
  const asked = join(bin, 'asked')
  await writeFile(asked, '')
  for (const program of ['VBoxManage', 'VBoxHeadless'])
    await writeFile(join(bin, program), wrapper(program, bin, happening), { mode: 0o755 })
  return {
    env: { ...env, PATH: `${bin}:${env['PATH'] ?? ''}` },
    take: async () => {
      const lines = (await readFile(asked, 'utf8')).split('\n')
      await rm(asked)
      await writeFile(asked, '')
      return lines.filter((line) => line !== '')
    },
  }
}
