/** The tool, built as scripts/build.mjs builds it, but now and in a folder of its own: no test runs an old one. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { options } from '../../scripts/build.mjs'
import { repositoryRoot } from './run-cli.ts'

export interface BuiltTool {
  /** What dist/cli.js is. */
  readonly cli: string
  /** The same, with an `up` that is killed or held at a journal entry: test/e2e/fixtures/up-killed-at-entry.ts. */
  readonly killedUp: string
  /** The same, killed in the middle of a member of the provider: test/e2e/fixtures/killed-at-act.ts. */
  readonly killedAct: string
  remove(): Promise<void>
}

/** The folder lies in the checkout, because the tool looks above itself for the files that come with it. */
export async function buildTool(): Promise<BuiltTool> {
  const cache = join(repositoryRoot, '.cache', 'test')
  await mkdir(cache, { recursive: true })
  const outdir = await mkdtemp(join(cache, 'e2e-'))
  // Some tests run it as another user.
  await chmod(outdir, 0o755)
  const remove = (): Promise<void> => rm(outdir, { recursive: true, force: true })
  try {
    await build({
      ...options,
      outdir,
      entryPoints: {
        cli: 'src/cli.ts',
        recorder: 'src/recorder/main.ts',
        'up-killed-at-entry': 'test/e2e/fixtures/up-killed-at-entry.ts',
        'killed-at-act': 'test/e2e/fixtures/killed-at-act.ts',
      },
    })
  } catch (error) {
    await remove()
    throw error
  }
  return {
    cli: join(outdir, 'cli.js'),
    killedUp: join(outdir, 'up-killed-at-entry.js'),
    killedAct: join(outdir, 'killed-at-act.js'),
    remove,
  }
}
