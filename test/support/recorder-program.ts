/** The recorder, built as scripts/build.mjs builds it, in a folder of its own. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { options } from '../../scripts/build.mjs'
import { repositoryRoot } from './run-cli.ts'

export interface RecorderProgram {
  readonly command: readonly [string, string]
  remove(): Promise<void>
}

export async function buildRecorder(): Promise<RecorderProgram> {
  const cache = join(repositoryRoot, '.cache', 'test')
  await mkdir(cache, { recursive: true })
  const outdir = await mkdtemp(join(cache, 'recorder-'))
  await build({ ...options, entryPoints: { recorder: 'src/recorder/main.ts' }, outdir })
  return {
    command: [process.execPath, join(outdir, 'recorder.js')],
    remove: () => rm(outdir, { recursive: true, force: true }),
  }
}
